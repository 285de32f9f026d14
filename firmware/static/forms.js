// Forms: what was typed is not lost without a word: by a session that is over, a camera that does not answer, or another page.
import { _ } from "./words.js";

const LEAD_AWAY = ["/language", "/logout"]; // nothing is typed there
const isPosted = (form) => form.getAttribute("method") === "post" && !LEAD_AWAY.includes(form.getAttribute("action"));
const held = (form) => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, value.name ?? value]));
const begun = new Map(); // forms that somebody has begun to fill in, each with what it held before
const BEGINS_MS = 1000; // until the browser asks for the next page, or saves what the form is answered with
const SENT = "sent"; // kept by the tab: what was sent last, without passwords
let asked = null; // the form of which the camera is asked whether it can be sent
let goes = false;

const typed = (form) => [...form.elements].filter((input) => input.name && !["hidden", "password", "file"].includes(input.type));

// Which form of the page it is: each account has some of its own.
const which = (form) => JSON.stringify([form.getAttribute("action"), [...form.elements].filter((input) => input.type === "hidden").map((input) => input.value)]);

// Where the answer says what is wrong, what was sent stands in the form again. Into a form that says what it has "shown", the camera
// puts it, beside what somebody else may have changed meanwhile.
const [action, form_sent, sent] = JSON.parse(sessionStorage.getItem(SENT) || "[]");
sessionStorage.removeItem(SENT);
const isWrong = location.pathname === action && document.querySelector("main .alert.bad[role=alert]");
const wrong = isWrong && [...document.querySelectorAll("main form:not(:has([name=shown]))")].find((form) => which(form) === form_sent);
if (wrong) {
  begun.set(wrong, held(wrong));
  for (const [at, input] of typed(wrong).entries()) {
    const [name, value, checked] = sent[at] ?? [];
    if (input.name !== name) break;
    if (input.type === "checkbox" || input.type === "radio") input.checked = checked && input.value === value;
    else input.value = value;
  }
}

// What keeps a form from being sent, in words; "" for nothing. Where HTTPS is chosen by now, the camera leads the form there.
async function hindrance() {
  try {
    const reply = await fetch("/api/me", { redirect: "manual", cache: "no-store", headers: { "X-Requested-With": "page" }, signal: AbortSignal.timeout(15_000) });
    return reply.status === 401 ? _("You are logged out, and nothing was sent. Log in in another tab, then send it again: what you typed stays here.") : "";
  } catch (error) {
    return _("The camera does not answer, and nothing was sent: what you typed stays here.");
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (event.defaultPrevented || goes || !isPosted(form)) return;
  event.preventDefault();
  if (asked) return;
  asked = form;
  const why = await hindrance();
  form.querySelector(".unsent")?.remove();
  if (why) {
    const said = document.createElement("p");
    said.className = "alert bad unsent";
    said.setAttribute("role", "alert");
    said.textContent = why;
    (event.submitter ?? form.lastElementChild).before(said);
    asked = null;
    return;
  }
  sessionStorage.setItem(SENT, JSON.stringify([form.getAttribute("action"), which(form), typed(form).map(({ name, value, checked }) => [name, value, checked])]));
  begun.delete(form);
  goes = true;
  form.requestSubmit(event.submitter);
  goes = false;
  setTimeout(() => { asked = null; }, BEGINS_MS);
});

for (const kind of ["pointerdown", "keydown", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const form = event.target.closest?.("form");
    if (form && isPosted(form) && !begun.has(form)) begun.set(form, held(form));
  }, true);
}

window.addEventListener("beforeunload", (event) => {
  if ([...begun].some(([form, before]) => held(form) !== before)) event.preventDefault();
});
