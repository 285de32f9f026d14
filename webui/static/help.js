// Help: the checks of a page, made by the camera now and again every few seconds.
import {$, api, el, onClick, repeat, withMoments} from "./portal.js";
import {restart} from "./restart.js";
import {_} from "./words.js";

const EVERY_MS = 5000;
const MARKS = {ok: "✓", warn: "!", bad: "✕", info: "i"};
const STATES = {ok: _("good"), warn: _("look here"), bad: _("wrong"), info: _("to know")};
const {topic, plate} = $("#help").dataset;
let shown = "";

async function look() {
  const {checks} = await api("GET", `help/${topic}?plate=${encodeURIComponent(plate)}`);
  const text = JSON.stringify(checks);
  if (text === shown) return; // a screen reader says what is new alone
  shown = text;
  $("#checks").replaceChildren(...checks.map((check) => el("li", {class: `measure ${check.state}`},
    el("span", {class: "mark", "aria-hidden": "true"}, MARKS[check.state]),
    el("div", {},
      el("b", {}, check.title, el("span", {class: "visually-hidden"}, ` (${STATES[check.state]})`)),
      el("p", {class: "found small"}, withMoments(check.found)),
      check.todo ? el("p", {class: "small"}, check.todo) : null),
    check.href ? el("a", {class: "btn quiet", href: check.href, "aria-label": _("Go there: {check}", { check: check.title })}, _("Go there")) : null)));
}

repeat(EVERY_MS, look);
onClick($("#again"), look);
onClick($("#restart"), restart);
