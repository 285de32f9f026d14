// The camera starts again: waits until it has been away, or for 8 s, and goes on when every portal answers, or after a minute when one does not.
import "./ready.js";

const began = Date.now();
let was_away = false;

async function look() {
  const waited_s = (Date.now() - began) / 1000;
  try {
    const reply = await fetch("/health", { cache: "no-store" });
    if ((reply.ok && (was_away || waited_s > 8)) || (was_away && waited_s > 60)) return location.replace("/");
  } catch (error) {
    was_away = true;
  }
  setTimeout(look, 500);
}
look();
