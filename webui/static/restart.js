// Restart: "Restart service" with its progress until the engine is back.
import {$, api, ApiError, el, leave, notice} from "./portal.js";
import {_} from "./words.js";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const LONGEST_MS = 90000;
const READ_MS = 8000;

async function engineNow() {
  try { return (await api("GET", "status")).engine; } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return null;
  }
}

/** Stays in sight wherever the page is scrolled, for as long as it takes to read what came of it. */
function inSight(node) {
  node.classList.add("in-sight");
  setTimeout(() => node.classList.remove("in-sight"), READ_MS);
}

/** Restarts and waits; true when the engine works again. The progress stays below the header, the page where it is. */
export async function restart() {
  const before = await engineNow();
  const place = $("#notices");
  const text = el("div", {}, _("Restarting the service…"));
  const bar = el("div", {class: "progress"}, el("i"));
  place.replaceChildren(el("div", {class: "notice in-sight", role: "status", id: "restarting"}, el("div", {}, text, bar)));
  await api("POST", "restart");
  $("#restart-due")?.remove();
  const begun = performance.now();
  let gone = false;
  while (performance.now() - begun < LONGEST_MS) {
    await pause(700);
    const engine = await engineNow();
    if (!engine) { gone = true; text.textContent = _("Stopped; starting again…"); continue; }
    if (gone || engine.frames_processed < (before?.frames_processed ?? 0) || performance.now() - begun > 12000) {
      inSight(notice("ok", BACK));
      return true;
    }
  }
  notice("bad", _("The engine has not come back within 90 s. Logs > Engine says why.")).classList.add("in-sight");
  return false;
}

const BACK = _("The service is back with the stored settings.");
const SAID = "restarted";

/** Restarts, then loads the page with what is stored now; what came of it is said on the new page. */
export async function restartAndReload() {
  if (!await restart()) return;
  sessionStorage.setItem(SAID, "1");
  leave();
}

if (sessionStorage.getItem(SAID)) {
  sessionStorage.removeItem(SAID);
  inSight(notice("ok", BACK));
}
