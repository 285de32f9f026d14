// Portal: what every page uses: the API, elements without HTML strings, notices, confirmations and forms.
import "./ready.js";
import {_, _n} from "./words.js";

export {figure, moment, number, withMoments} from "./habit.js";

export class ApiError extends Error {
  constructor(status, answer) {
    super(answer.error || _("The camera answered {status}.", { status }));
    this.status = status;
    this.problems = answer.problems || [];
  }
}

// What a browser fills in after scripts have run, as it goes back or loads a page anew, they know nothing of: a week was not what stood
// there, and fields of a choice were missing. A control that is looked at then says so by an `autocomplete` of its own.
for (const control of document.querySelectorAll("input, select, textarea")) if (!control.hasAttribute("autocomplete")) control.autocomplete = "off";

let typed = false;
document.addEventListener("input", () => { typed = true; });

/** Calls /anpr/api/<path>; the answer's JSON, or an ApiError with every problem. `body`: a document, or a file; `more`: of `fetch`, and
 *  headers. */
export async function api(method, path, body, {headers = {}, ...more} = {}) {
  let response, text;
  try {
    response = await fetch(`/anpr/api/${path}`, {
      ...more,
      method,
      headers: method === "GET" ? headers : {"Content-Type": body instanceof Blob ? "application/octet-stream" : "application/json", ...headers},
      body: method === "GET" ? undefined : body instanceof Blob ? body : JSON.stringify(body ?? {}),
    });
    text = await response.text();
  } catch (error) {
    throw new ApiError(0, {error: error.name === "TimeoutError"
      ? _("The camera does not answer. What it has not done by now it will not do any more.") : _("The camera does not answer. Is it still connected?")});
  }
  // The session is over: the camera asks for the log-in. Where somebody has typed it is said instead, and what was typed stays.
  if (response.status === 401 && !typed && !$("dialog[open]")) location.reload();
  let answer;
  try { answer = text ? JSON.parse(text) : {}; } catch { answer = {error: _("The camera answered {status}.", response)}; }
  if (!response.ok) throw new ApiError(response.status, answer);
  return answer;
}

/** Posts what may open a gate: if it comes late, over a line that was cut meanwhile, the camera refuses it. `within_ms`: how long its
 *  answer is waited for; more than the ten seconds after which it is late. */
export async function order(path, body, within_ms = 15_000) {
  const {now_ms} = await api("GET", "gate", undefined, {signal: AbortSignal.timeout(within_ms)});
  return api("POST", path, body, {headers: {"X-Ordered-Ms": now_ms}, signal: AbortSignal.timeout(within_ms)});
}

/** A plate in Arabic script within a text, and a word within a plate, as board/kit/web/render.py knows them. */
const ARABIC_PLATE = /([\d\u0660-\u0669\u06f0-\u06f9]+(?:تونس|الف|ا[يی]ران|[\u0621-\u064a\u067e-\u06d3]{1,3}(?![\u0621-\u064a\u067e-\u06d3]))[\d\u0660-\u0669\u06f0-\u06f9]*)/;
const ARABIC_WORD = /(تونس|الف|ا[يی]ران)/;

/** The text as nodes. A plate in it stands as it is seen, from the left, where a browser would move its letters behind all digits; a
 *  word within a plate is read from the right. */
function withPlates(text) {
  return text.split(ARABIC_PLATE).map((part, at) => at % 2 ? el("span", {class: "as-seen"}, part) : part);
}

function withWords(plate) {
  return plate.split(ARABIC_WORD).map((part, at) => at % 2 ? el("bdi", {}, part) : part);
}

/** A plate that is typed or changed stands as it is seen, too. One with a word stays in the browser's order: a field has no element
 *  that its letters could stand in from the right. For a value that a script puts there. */
export function asSeen(input) {
  const [before, , after] = input.value.trim().split(ARABIC_PLATE);
  input.classList?.toggle("as-seen", before === "" && after === "" && !ARABIC_WORD.test(input.value));
}
for (const input of document.querySelectorAll("input:not([type]), input[type=search]")) asSeen(input);
document.addEventListener("input", ({target}) => { if (/^(text|search)$/.test(target.type)) asSeen(target); });

/** An element; text goes in as text, never as HTML. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  const isPlate = /(^|\s)(plate|as-seen)(\s|$)/.test(attributes.class || "");
  const marked = /^(option|textarea|title|bdi)$/.test(tag) ? (text) => [text] : isPlate ? withWords : withPlates;
  const parts = children.filter((child) => child !== null && child !== undefined);
  node.append(...parts.flatMap((part) => typeof part === "string" ? marked(part) : [part]));
  if (isPlate && /^\p{L}/u.test(node.textContent)) node.classList.add("said");
  return node;
}

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** A short message that goes by itself. Its place stands in the page: what comes together with its text no screen reader says. */
export function toast(text) {
  const node = el("div", {class: "toast"}, text);
  $("#toasts").replaceChildren(node);
  setTimeout(() => node.remove(), 3500);
}

/** A short message for the page that is loaded next. */
export const sayNext = (text) => sessionStorage.setItem("said", text);
const said = sessionStorage.getItem("said");
if (said) { sessionStorage.removeItem("said"); toast(said); }

const notSaved = (count) => _n("Not saved: {count} value is not possible.", "Not saved: {count} values are not possible.", count);

/** A message at the top of the page (or in `place`) that stays until the next one. Above problems stands how many values are not
 *  possible, or `heading`. */
export function notice(kind, text, problems = [], place = $("#notices"), heading = "") {
  const node = el("div", {class: `notice ${kind}`, role: kind === "bad" ? "alert" : "status", tabindex: "-1"});
  const inside = el("div");
  if (problems.length) {
    inside.append(el("strong", heading ? {} : {"data-count": true}, heading || notSaved(problems.length)));
    inside.append(el("ul", {}, ...problems.map((problem) => el("li", {}, `${problem.title}: ${problem.text}`))));
  } else inside.append(text);
  node.append(inside);
  place.replaceChildren(node);
  return node;
}

/** Asks before something that cannot be undone; `kind` of the button: red for what takes something away. */
export function sure(title, text, yes, kind = "danger") {
  return new Promise((resolve) => {
    const dialog = el("dialog", {"aria-labelledby": "sure-title", "aria-describedby": "sure-text"},
      el("header", {}, el("h2", {id: "sure-title"}, title)), el("div", {class: "in"}, el("p", {id: "sure-text"}, text)),
      el("footer", {},
        el("button", {type: "button", onclick: () => dialog.close("no")}, _("Cancel")),
        el("button", {type: "button", class: kind, onclick: (event) => { if (!isSecond(event)) dialog.close("yes"); }}, yes)));
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue === "yes"); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** What a number field of a line says: its number, a word that is ticked instead of it, what is no number, or "" for nothing. */
function lineSays(line) {
  const word = $("[data-word]:checked", line.parentElement);
  return word ? word.dataset.word : line.validity.badInput ? "?" : line.value.trim();
}

export const READ = {
  bool: (input) => input.checked,
  number: (input) => (input.validity.badInput ? "?" : input.value.trim() === "" || Number.isNaN(Number(input.value)) ? input.value : Number(input.value)),
  zero: (input) => (input.value === "" && !input.validity.badInput ? 0 : READ.number(input)),
  text: (input) => (input.validity.badInput ? "?" : input.value),  // a date without its time has no value, and none would be no limit
  lines: (input) => input.value.split("\n").map((line) => line.trim()).filter(Boolean),
  json: (input) => JSON.parse(input.value || "null"),
  by_line: (input) => $$("[data-line]", input.parentElement).map((line) => [line.dataset.line, lineSays(line)]).filter(([, said]) => said).map((pair) => pair.join("=")).join(" "),
  optional: (input) => (input.validity.badInput ? "?" : input.value.trim() === "" ? null : Number.isNaN(Number(input.value)) ? input.value : Number(input.value)),
};

/** The values of a form by name; inputs say in data-type how they are read; "list" collects the ticked ones. */
export function values(form) {
  const found = {};
  for (const input of form.elements) {
    if (!input.name || input.disabled) continue;
    if (input.dataset.type === "list") (found[input.name] ??= [], input.checked && found[input.name].push(input.value));
    else if (READ[input.dataset.type]) found[input.name] = READ[input.dataset.type](input);
  }
  return found;
}

/** Of a form's values, or of those within `place`, what differs from what the page showed when it came: what somebody else has changed
 * since then is not undone. A script's hidden field says in data-shown what it held. */
export function changed(form, place = "") {
  const shown = form.cloneNode(true);
  shown.reset();
  for (const input of $$("[data-shown]", shown)) input.value = input.dataset.shown;
  const read = (root) => values({elements: [...root.elements].filter((input) => !place || $(place, root).contains(input))});
  const before = read(shown);
  return Object.fromEntries(Object.entries(read(form)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])));
}

/** Shows only the fields that make sense with the values of the others (`data-when`); the rest is not sent. */
export function followWhen(form) {
  const is = (value, allowed) => allowed === "*" ? value !== "" : typeof allowed === "string" && allowed.endsWith("://") ? value.toLowerCase().startsWith(allowed) : value === allowed;
  const valueOf = (name) => {
    const input = form.elements.namedItem(name);
    return input.type === "checkbox" ? input.checked : input.value;
  };
  const follow = () => $$("[data-when]", form).forEach((field) => {
    const conditions = Object.entries(JSON.parse(field.dataset.when));
    field.hidden = !conditions.every(([name, values]) => values.some((allowed) => is(valueOf(name), allowed)));
    $$("input, select, textarea", field).forEach((input) => { input.disabled = field.hidden; });
  });
  form.addEventListener("input", follow);
  form.addEventListener("change", follow);
  follow();
}

/** The field of that path: "name" is the form's own, "options.name" that of what lies within #options. */
function fieldOf(form, path) {
  const [name, place] = path.split(".").reverse();
  const inner = place && form.querySelector(`#${CSS.escape(place)}`);
  const found = $$(`[data-field="${CSS.escape(name)}"]`, inner || form);
  return inner ? found[0] : found.find((field) => !field.closest("#options")) || found[0];
}

/** Of a field that has a problem, its lines in the list of all of them. */
const listed = new WeakMap();

/** Marks the fields that `error` names and lists everything at `place`. What was typed stays. */
export function showProblems(form, error, place) {
  clearProblems(form);
  const node = notice("bad", error.message, error.problems, place, error.heading);
  const lines = $$("li", node);
  for (const [number, problem] of error.problems.entries()) {
    const field = fieldOf(form, problem.field);
    if (!field) continue;
    listed.set(field, [...(field.classList.contains("has-problem") ? listed.get(field) : []), lines[number]]);
    field.classList.add("has-problem");
    field.append(el("span", {class: "wrong"}, problem.text));
  }
  node.focus();
  node.scrollIntoView({block: "nearest"});
}

function clearField(field) {
  if (!field) return;
  field.classList.remove("has-problem");
  $$(".wrong", field).forEach((node) => node.remove());
  for (const line of listed.get(field) || []) {
    const list = line.closest(".notice");
    line.remove();
    const left = list ? $$("li", list).length : 0;
    const counted = left && $("strong[data-count]", list);
    if (counted) counted.textContent = notSaved(left);
    else if (!left) list?.remove();
  }
  listed.delete(field);
}

export function clearProblems(form) {
  $$(".has-problem", form).forEach((field) => field.classList.remove("has-problem"));
  $$(".wrong", form).forEach((node) => node.remove());
}

let leaving = false;
const atWork = new Map(); // forms and buttons, each with the button that is marked meanwhile

/** Goes to `address`, or loads the page anew. On a slow line that takes seconds, in which nothing is sent a second time. */
export function leave(address = "") {
  leaving = true;
  if (address) location.href = address;
  else location.reload();
}

/** Whoever stays after all, asked about what is not saved, goes on. */
function stay() {
  leaving = false;
  for (const button of atWork.values()) button?.removeAttribute("aria-disabled");
  atWork.clear();
}

window.addEventListener("pageshow", (event) => { if (event.persisted && leaving) location.reload(); });

/** Runs `work` of a form or button unless it runs already. The button keeps the focus, which a disabled one loses for good. */
export async function alone(what, button, work) {
  if (leaving || atWork.has(what)) return;
  atWork.set(what, button);
  button?.setAttribute("aria-disabled", "true");
  try { await work(); } finally {
    if (!leaving) {
      atWork.delete(what);
      button?.removeAttribute("aria-disabled");
    }
  }
}

/** The second click of a double click: the first one may have been answered between them, or have opened the question that lies there. */
const isSecond = (event) => event.detail > 1;

/** Before the page is left: asks when what `body(form)` gives has changed since somebody began to fill it in. The function that
 *  comes back says that it is stored. */
export function keepUnsaved(form, body) {
  let before = null;
  form.closest("dialog")?.addEventListener("close", () => { before = null; }); // whoever closes it wants none of it
  const now = () => JSON.stringify(body(form));
  const begin = () => { before ??= now(); };
  for (const kind of ["pointerdown", "keydown", "focusin"]) form.addEventListener(kind, begin, true);
  window.addEventListener("beforeunload", (event) => { if (before !== null && now() !== before) { event.preventDefault(); stay(); } });
  return () => { before = now(); };
}

/** What a field showed when its page came, or `now`: what it holds. A week is compared as a whole, with what its page showed. */
function content(field, now = false) {
  return JSON.stringify($$("input, select, textarea, [data-week]", field).map((input) => {
    if (input.dataset.week) return input.dataset.week;
    if ("spans" in input.dataset) return "";
    if (/^(checkbox|radio)$/.test(input.type)) return now ? input.checked : input.defaultChecked;
    if (input.tagName === "SELECT") return now ? input.value : ([...input.options].find((option) => option.defaultSelected) ?? input.options[0])?.value;
    return now ? input.value : input.dataset.shown ?? input.defaultValue;
  }));
}

/** From now on the field counts as one that showed what its like of another page does. */
function showedLike(field, other) {
  const [inputs, others] = [field, other].map((each) => $$("input, select, textarea, [data-week]", each));
  const entered = inputs.map(({value, checked}) => ({value, checked})); // of all: a radio button that is marked takes the mark from another
  for (const [number, input] of inputs.entries()) {
    const like = others[number];
    if (!like) continue;
    if (input.dataset.week) input.dataset.week = like.dataset.week;
    else if (input.dataset.shown !== undefined) input.dataset.shown = like.dataset.shown;
    else if (input.tagName === "SELECT") for (const option of input.options) option.defaultSelected = option.value === like.value;
    else [input.defaultValue, input.defaultChecked] = [like.defaultValue, like.defaultChecked];
  }
  for (const [number, input] of inputs.entries()) if (!input.dataset.week) Object.assign(input, entered[number]);
}

/** A field's content in words; "" where it is a drawing or a week. */
function inWords(field) {
  const input = $("input[name], select[name], textarea[name]", field) ?? $("input, select, textarea", field);
  if ($("[data-week]", field) || input.type === "hidden") return "";
  if (input.tagName === "SELECT") return input.selectedOptions[0]?.textContent.trim();
  if (input.role === "switch") return input.checked ? _("on") : _("off");
  if (/^(checkbox|radio)$/.test(input.type)) return $$("input:checked", field).map((box) => ($("span", box.closest("label")) ?? box.closest("label")).textContent.trim()).join(", ");
  return input.value;
}

const pathsOf = ({options = {}, ...own}) => [...Object.keys(own), ...Object.keys(options).map((name) => `options.${name}`)];

/** The form as `theirs(page)` finds it in its page, loaded anew; null if the camera does not give that. */
async function loadedAnew(theirs) {
  const html = await fetch(location.href).then((response) => response.text()).catch(() => "");
  return theirs(new DOMParser().parseFromString(html, "text/html"));
}

/** From now on what was sent, and is stored, counts as shown as it is stored: without a blank at its end, with its password hidden. */
async function showsStored(form, sent, theirs) {
  const now = await loadedAnew(theirs);
  for (const path of now ? pathsOf(sent) : []) {
    const [field, other] = [fieldOf(form, path), fieldOf(now, path)];
    if (field && other) showedLike(field, other);
  }
}

/** Of what `sent` changes, what somebody else has changed as well since the page came, as problems of those fields. Each is one only
 *  once: whoever sends it again has read what is stored, and wants his own. `theirs(page)`: the form as `page`, loaded anew, has it. */
async function changedByOthers(form, sent, theirs) {
  const now = await loadedAnew(theirs); // what is wrong then is said when it is sent
  if (!now) return [];
  const problems = [];
  for (const path of pathsOf(sent)) {
    const [field, other] = [fieldOf(form, path), fieldOf(now, path)];
    if (!field || !other || content(other) === content(field)) continue;
    if ($("[data-week]", field) || content(other) !== content(field, true)) {
      const title = $("label[for], b", field) ?? [...$("h2", field.closest("section, form")).childNodes].findLast((node) => node.textContent.trim()); // past the number of a step
      const value = inWords(other);
      problems.push({field: path, title: title.textContent.trim(), text: value ? _("Stored now: {value}", { value }) : _("Another one is stored now.")});
    }
    showedLike(field, other);
  }
  return problems;
}

const likeIn = (form) => (page) => (form.id ? page.getElementById(form.id) : $("form", page.getElementById(form.closest("[id]").id) ?? page));

/** Sends a form to the API; `then` gets the answer. `theirs`: of changedByOthers. */
export function connectForm(form, {method, path, body = values, then, place, theirs = likeIn(form)}) {
  form.noValidate = true;
  const stored = keepUnsaved(form, body);
  // What was wrong with a field is gone once it is changed.
  form.addEventListener("input", (event) => clearField(event.target.closest(".has-problem")));
  form.addEventListener("change", (event) => clearField(event.target.closest(".has-problem")));
  onSubmit(form, place, async () => {
    const [verb, sent] = [typeof method === "function" ? method() : method, body(form)];
    const problems = verb === "PUT" ? await changedByOthers(form, sent, theirs) : [];
    if (problems.length) {
      throw Object.assign(new ApiError(409, {problems}), {heading: _("Not saved: somebody else has changed this meanwhile. Save again, and what you entered takes its place.")});
    }
    const answer = await api(verb, typeof path === "function" ? path() : path, sent);
    clearProblems(form);
    stored();
    (place || $("#notices")).replaceChildren();
    try { await then(answer); } catch (error) {
      if (verb === "PUT") await showsStored(form, sent, theirs);
      throw error;
    }
  });
}

/** Sends a form by `work`, once at a time; what is wrong stands at `place`, and what was typed stays. */
export function onSubmit(form, place, work) {
  form.addEventListener("click", (event) => { if (isSecond(event) && event.target.closest("[type=submit]")) event.preventDefault(); });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    alone(form, event.submitter || form.querySelector("[type=submit]"), async () => {
      try { await work(); } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const dialog = form.closest("dialog");
        if (dialog && !dialog.open) notice("bad", error.message, error.problems, undefined, error.heading); // it was closed while the camera was being waited for
        else showProblems(form, error, place);
      }
    });
  });
}

/** Runs a button's work once at a time and shows what went wrong. */
export function onClick(button, work) {
  if (!button) return;
  button.addEventListener("click", (event) => {
    if (isSecond(event)) return;
    alone(button, button, async () => {
      try { await work(); } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        notice("bad", error.message, error.problems);
      }
    });
  });
}

/** What failed in a way that no script is ready for, as with an answer of another shape after an upgrade, is said: what the page shows may
 *  be old by now, and a button has done nothing. */
function sayFailed(error) {
  if (leaving || !(error instanceof Error) || error instanceof DOMException) return; // a gesture that the browser does not allow, and the like
  if (error instanceof ApiError) { notice("bad", error.message, error.problems); return; }
  if (!$("#lost")) $("#notices").append(lostNode(_("This page does not understand what the camera says, as after an upgrade. Load it anew.")));
  document.body.classList.add("lost");
}
window.addEventListener("error", ({error}) => sayFailed(error));
window.addEventListener("unhandledrejection", ({reason}) => sayFailed(reason));

const lostNode = (text) => el("div", {class: "notice bad", role: "alert", id: "lost"}, el("div", {}, text));

/** Calls `work` again and again while the page is seen, `every_ms` after the last one has ended. While it fails, the page says that what
 *  it shows is old. */
export function repeat(every_ms, work) {
  let said = null;
  const turn = async () => {
    if (!document.hidden) {
      try {
        await work();
        said?.remove();
        said = null;
      } catch (error) {
        if (!(error instanceof ApiError)) reportError(error);
        else if (!said?.isConnected && !$("#restarting, #lost")) {
          said = lostNode(error.message);
          $("#notices").append(said);
        }
      }
      document.body.classList.toggle("lost", Boolean($("#lost")));
    }
    setTimeout(turn, every_ms);
  };
  turn();
}

/** A plate as people know it; an empty one was "no plate". */
export function plate(text, extra = "") {
  return text ? el("span", {class: `plate ${extra}`}, text) : el("span", {class: "plate none"}, _("no plate"));
}

// A help bubble that would leave the window, or its dialog, moves left.
for (const kind of ["pointerover", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const bubble = event.target.closest?.(".help")?.querySelector(".bubble");
    if (!bubble) return;
    bubble.style.left = "-12px";
    const edge = bubble.closest("dialog")?.getBoundingClientRect().right ?? document.documentElement.clientWidth;
    const over = bubble.getBoundingClientRect().right - edge + 8;
    if (over > 0) bubble.style.left = `${-12 - over}px`;
  });
}

// On a narrow screen the menus scroll: what is marked comes into sight.
for (const marked of $$("nav [aria-current]")) {
  const menu = marked.closest("nav ul, nav");
  const [seen, whole] = [marked.getBoundingClientRect(), menu.getBoundingClientRect()];
  menu.scrollLeft += seen.left - whole.left - (whole.width - seen.width) / 2;
}
