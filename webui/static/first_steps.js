// First steps: what is to be done on the first day, with a link to where it is done; gone once all is.
import {$, api, ApiError, el, onClick, sure} from "./portal.js";
import {_} from "./words.js";

const LEAST_MS = 3000;

/** Shows them where the page has a place for them; call what comes back when something may have been done. */
export function openFirstSteps() {
  const card = $("#first-steps");
  if (!card) return () => {};
  let over = false;
  let asked = 0;

  const show = (steps) => {
    over = !steps.length;
    card.hidden = over || steps.every((step) => step.done);
    const next = steps.find((step) => !step.done);
    $("#first-steps-count").textContent = _("{done} of {all}", { done: steps.filter((step) => step.done).length, all: steps.length });
    $("#first-steps-list").replaceChildren(...steps.map((step) => el("li", {class: step.done ? "done" : step === next ? "next" : "", "data-step": step.name},
      el("span", {class: "mark", "aria-hidden": "true"}, step.done ? "✓" : ""),
      el("a", {href: step.href}, step.title, el("span", {class: "visually-hidden"}, step.done ? _(" (done)") : _(" (to be done)"))),
      step.said ? el("span", {class: "muted small"}, step.said) : null)));
  };
  const ask = async () => {
    if (over || Date.now() - asked < LEAST_MS) return;
    asked = Date.now();
    try { show((await api("GET", "first-steps")).steps); } catch (error) { if (!(error instanceof ApiError)) throw error; }
  };
  onClick($("#first-steps-hide"), async () => {
    if (!await sure(_("First steps"), _("Put the list away for good? Help and Check say the same at any time."), _("Put away"), "primary")) return;
    await api("DELETE", "first-steps");
    show([]);
  });
  ask();
  return ask;
}
