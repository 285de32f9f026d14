// Package management: lists the packages every 2 s, runs commands, uploads with progress. Text from the camera is only set as text.
import "./ready.js";
import { confirmed, takeUploads, tell, uploading } from "./upload.js";
import { _ } from "./words.js";

const $ = (id) => document.getElementById(id);
const busy = new Map(); // package name -> what is being done with it
const LOST = $("lost").textContent;
const PRESS_MS = 500; // what a click or a double-click takes
const opened = new Set(); // packages whose details are open
let shown = "";
let pressed_ms = -Infinity; // when a pointer went down on the list
let deciding = false; // somebody is asked whether unsigned packages are to be allowed
const edited = new Map(); // package name -> its schedule as somebody is changing it

function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

class LoggedOut extends Error {}

async function call(path, options = {}) {
  const reply = await fetch(path, { ...options, headers: { ...options.headers, "X-Requested-With": "page", Accept: "application/json" } })
    .catch(() => { throw new Error(_("The camera does not answer.")); });
  if (reply.status === 401) {
    if (!edited.size && !$("file").files.length) location.href = `/login?next=${encodeURIComponent(location.pathname)}`;
    throw new LoggedOut(_("You are logged out, and nothing was sent. Log in in another tab, then send it again: what you typed stays here."));
  }
  const document_ = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Error(document_.error || _("The camera answered {status}.", { status: reply.status }));
  return document_;
}

async function refresh() {
  try {
    const state = await call("/api/packages");
    $("lost").hidden = true;
    show(state);
  } catch (error) {
    $("lost").textContent = error instanceof LoggedOut ? error.message : LOST;
    $("lost").hidden = false;
  }
}

function show(state) {
  $("sd").disabled = !state.card || uploading();
  $("sd-label").classList.toggle("off", !state.card);
  if (!state.card) $("sd").checked = false;
  $("sd-note").textContent = state.card ? _("Un-ticked: on the camera itself (default)") : _("No SD card in the camera");
  $("count").textContent = state.packages.length ? _("{count} of {most}", { count: state.packages.length, most: state.npackage }) : "";
  if (document.activeElement !== $("older")) $("older").value = state.older;
  if (!deciding) $("unsigned").checked = state.unsigned;
  $("anyone").hidden = !state.unsigned;
  $("limits").textContent = `${state.limits}.`;
  const steady = (key, value) => (key === "running_s" ? undefined : value);
  const now = JSON.stringify([state.packages, [...busy]], steady);
  if (now === shown) return;
  if (performance.now() - pressed_ms < PRESS_MS) { // a row that is replaced now would lose the click or the double-click
    setTimeout(refresh, PRESS_MS);
    return;
  }
  shown = now;
  const focus = document.activeElement?.dataset?.key;
  const list = $("packages");
  list.replaceChildren(...state.packages.map(row));
  if (!state.packages.length) list.append(make("p", "empty", _("No package is installed yet. Upload one below.")));
  if (focus) list.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus();
}

function row(item) {
  const at = busy.get(item.name);
  const line = make("article", "package");
  line.dataset.package = item.name;
  const title = make("div", "package-name");
  title.append(make("strong", "", item.name), make("span", "muted", item.extendedname === item.name ? "" : item.extendedname));
  const power = make("span", `power ${at ? "busy" : item.status}`);
  power.append(make("span", "dot"), make("span", "", at || (item.status === "on" ? _("ON") : _("OFF"))));
  const facts = make("div", "package-line");
  facts.append(make("span", "", _("Version {version}", item)));
  if (item.vendor) facts.append(make("span", "", item.vendor));
  facts.append(make("span", "", item.storage === "sd" ? _("On the SD card") : _("On the camera")));
  line.append(title, power, facts);
  if (!item.signed) line.append(make("p", "alert bad", _("NOT SIGNED: nobody whom this camera trusts vouches for this version.")));
  if (item.message) line.append(make("p", `alert ${kindOf(item)}`, item.message));
  line.append(actions(item, at), details(item));
  if (item.url) {
    line.classList.add("opens");
    line.title = _("Double-click opens {name}", item);
    line.addEventListener("dblclick", (event) => {
      if (!event.target.closest("button, a, summary, details")) location.href = item.url;
    });
  }
  return line;
}

function kindOf(item) {
  if (item.status === "on" || item.rests) return item.warns ? "warn" : "";
  return item.enabled ? "bad" : "warn";
}

function actions(item, at) {
  const bar = make("div", "package-actions");
  const button = (label, verb, className = "", ask = null) => {
    const made = make("button", className, label);
    made.type = "button";
    made.disabled = Boolean(at);
    made.dataset.key = `${item.name} ${verb}`;
    made.addEventListener("click", () => run(item, verb, ask));
    bar.append(made);
  };
  if (item.status === "on" || item.rests || (item.enabled && item.processes.length)) {
    if (item.url) {
      const open = make("a", "button primary", _("Open"));
      open.href = item.url;
      bar.append(open);
    }
    button(_("Stop"), "stop");
    button(_("Restart"), "restart");
  } else {
    button(_("Start"), "start", "primary");
  }
  bar.append(make("span", "gap"));
  if (item.mechanism === "file") {
    const licence = make("button", "", _("Upload licence"));
    licence.type = "button";
    licence.disabled = Boolean(at);
    licence.addEventListener("click", () => chooseLicence(item));
    bar.append(licence);
  }
  if (item.previous) {
    const question = `${_("{name} {version} is replaced by the version before it.", item)} ${item.way_back}`;
    button(_("Back to {previous}", item), "rollback", "", [_("Go back to {previous}?", item), question, _("Go back")]);
  }
  const question = _("The package is stopped and deleted from the camera. Stored plates, lists and settings stay for a later installation.");
  button(_("Remove"), "remove", "danger", [_("Remove {name}?", item), question, _("Remove")]);
  return bar;
}

function details(item) {
  const more = make("details", "more");
  more.open = opened.has(item.name);
  more.addEventListener("toggle", () => (more.open ? opened.add(item.name) : opened.delete(item.name)));
  const facts = make("dl", "facts");
  const fact = (name, value, className = "") => {
    const pair = make("div", className);
    pair.append(make("dt", "", name), make("dd", "", value));
    facts.append(pair);
  };
  const states = { good: _("good"), trial: _("on trial"), staged: _("not started yet"), failed: _("failed") };
  const licences = { valid: _("valid"), none: _("none"), "not needed": _("not needed") };
  const licence = licences[item.license] || item.license;
  fact(_("State of this version"), _("{state} (slot {slot})", { state: states[item.slot_state] || item.slot_state, slot: item.slot || "–" }));
  fact(_("Licence"), item.license_message ? `${licence}: ${item.license_message}` : licence);
  const lives = {
    starting: _("starts"),
    up: _("runs"),
    hung: _("hangs"),
    waiting: _("starts again soon"),
    absent: _("is not for this board"),
    unlicensed: _("has no licence"),
  };
  if (item.processes.length) fact(_("Users"), item.alike ? _("one for all processes: {reason}", { reason: item.alike }) : _("one for each process"));
  for (const process of item.processes) {
    const life = [lives[process.state] || _("does not run")];
    if (process.pid) life.push(_("process {pid}", process));
    if (process.restarts) life.push(_("restarted {restarts}×", process));
    if (process.error) life.push(_("last end: {error}", process));
    fact(_("Process {name}", process), life.join(", "));
  }
  fact(_("Package identity (SHA-256)"), item.manifest_sha256, "wide mono");
  more.append(make("summary", "", _("Details")), facts, hours(item));
  return more;
}

function hours(item) {
  const now = edited.get(item.name) || item.schedule;
  const form = make("form", "row hours");
  const field = (label, name, type) => {
    const pair = make("label", type === "checkbox" ? "check" : "");
    const input = make("input");
    input.type = type;
    input.name = name;
    input.dataset.key = `${item.name} ${name}`;
    if (type === "checkbox") input.checked = now[name];
    else {
      input.value = now[name];
      input.required = true;
      input.disabled = !now.enable;
    }
    pair.append(...(type === "checkbox" ? [input, make("span", "", label)] : [label, input]));
    form.append(pair);
    return input;
  };
  const fields = [field(_("Runs at these times only"), "enable", "checkbox"), field(_("From"), "begin", "time"), field(_("Until"), "end", "time")];
  const save = make("button", "", _("Save"));
  save.dataset.key = `${item.name} schedule`;
  form.append(save, make("p", "hint", _("Every day, the camera's own time. Outside of it the package is stopped: no plate is read, and nothing opens. An end before the beginning is one of the next day.")));
  form.addEventListener("input", () => {
    edited.set(item.name, { enable: fields[0].checked, begin: fields[1].value, end: fields[2].value });
    for (const input of fields.slice(1)) input.disabled = !fields[0].checked;
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wanted = { enable: fields[0].checked, begin: fields[1].value, end: fields[2].value };
    try {
      await put(`/api/packages/${encodeURIComponent(item.name)}/schedule`, wanted);
      edited.delete(item.name);
      tell(_("Stored."), "ok");
    } catch (error) {
      tell(error.message, "bad");
    }
    refresh();
  });
  return form;
}

function put(path, body) {
  return call(path, { method: "PUT", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
}

const DOING = {
  start: _("Starting …"),
  stop: _("Stopping …"),
  restart: _("Restarting …"),
  rollback: _("Going back …"),
  remove: _("Removing …"),
};

async function run(item, verb, ask) {
  if (ask && !(await confirmed(ask))) return;
  busy.set(item.name, DOING[verb]);
  pressed_ms = -Infinity;
  await refresh();
  try {
    await call(`/api/packages/${encodeURIComponent(item.name)}/${verb}`, { method: "POST" });
    $("result").hidden = true;
  } catch (error) {
    tell(error.message, "bad");
  }
  busy.delete(item.name);
  refresh();
}

function chooseLicence(item) {
  const input = $("licence-file");
  input.value = "";
  input.onchange = async () => {
    const form = new FormData();
    form.append("licence", input.files[0]);
    try {
      const done = await call(`/api/packages/${encodeURIComponent(item.name)}/licence`, { method: "POST", body: form });
      tell(_("The licence of {name} is stored; valid until: {until}.", { name: item.name, until: done.until }), "ok");
    } catch (error) {
      tell(error.message, "bad");
    }
    refresh();
  };
  input.click();
}

async function decide(path, body) {
  try {
    await put(path, body);
    tell(_("Stored."), "ok");
  } catch (error) {
    tell(error.message, "bad");
  }
  refresh();
}

$("older").addEventListener("change", () => decide("/api/packages/older", { older: $("older").value }));
$("unsigned").addEventListener("change", async () => {
  deciding = true;
  const unsigned = $("unsigned").checked;
  const question = _("Whoever may upload can then run any program on this camera, and open the gate with it. Changes will say that you allowed it.");
  if (!unsigned || (await confirmed([_("Allow unsigned packages?"), question, _("Allow")]))) await decide("/api/packages/unsigned", { unsigned });
  deciding = false;
  refresh();
});
$("packages").addEventListener("pointerdown", () => { pressed_ms = performance.now(); });
takeUploads({
  address: "/cgi-bin/admin/upload_vadp.cgi",
  name: "package",
  more: () => ({ save2sd: $("sd").checked ? "1" : "0" }),
  checks: _("Verifying, storing and checking the package …"),
  done: (reply) => (reply.status === "on" ? _("{package} {version} is uploaded. It runs.", reply) : _("{package} {version} is uploaded. Press Start to run it.", reply)),
  ended: refresh,
});
refresh();
setInterval(() => document.hidden || refresh(), 2000);
