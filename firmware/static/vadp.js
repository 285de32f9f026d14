// Package management: lists the packages every 2 s, runs commands, uploads with progress. Text from the camera is only set as text.
"use strict";

const $ = (id) => document.getElementById(id);
const busy = new Map(); // package name -> what is being done with it
const opened = new Set(); // packages whose details are open
let shown = "";
let uploading = false;

function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

async function call(path, options = {}) {
  const reply = await fetch(path, { ...options, headers: { "X-Requested-With": "page", Accept: "application/json" } });
  if (reply.status === 401) location.href = `/login?next=${encodeURIComponent(location.pathname)}`;
  const document_ = await reply.json().catch(() => ({ error: `The camera answered ${reply.status}.` }));
  if (!reply.ok) throw new Error(document_.error || `The camera answered ${reply.status}.`);
  return document_;
}

function tell(text, kind) {
  $("result").textContent = text;
  $("result").className = `alert ${kind}`;
  $("result").hidden = false;
}

async function refresh() {
  try {
    const state = await call("/api/packages");
    $("lost").hidden = true;
    show(state);
  } catch (error) {
    $("lost").hidden = false;
  }
}

function show(state) {
  $("sd").disabled = !state.card || uploading;
  $("sd-label").classList.toggle("off", !state.card);
  if (!state.card) $("sd").checked = false;
  $("sd-note").textContent = state.card ? "Un-ticked: on the camera itself (default)" : "No SD card in the camera";
  $("count").textContent = state.packages.length ? `${state.packages.length} of ${state.npackage}` : "";
  const steady = (key, value) => (key === "running_s" ? undefined : value);
  const now = JSON.stringify([state.packages, [...busy]], steady);
  if (now === shown) return;
  shown = now;
  const focus = document.activeElement?.dataset?.key;
  const list = $("packages");
  list.replaceChildren(...state.packages.map(row));
  if (!state.packages.length) list.append(make("p", "empty", "No package is installed yet. Upload one below."));
  if (focus) list.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus();
}

function row(item) {
  const at = busy.get(item.name);
  const line = make("article", "package");
  line.dataset.package = item.name;
  const title = make("div", "package-name");
  title.append(make("strong", "", item.name), make("span", "muted", item.extendedname === item.name ? "" : item.extendedname));
  const power = make("span", `power ${at ? "busy" : item.status}`);
  power.append(make("span", "dot"), make("span", "", at || item.status.toUpperCase()));
  const facts = make("div", "package-line");
  facts.append(make("span", "", `Version ${item.version}`));
  if (item.vendor) facts.append(make("span", "", item.vendor));
  facts.append(make("span", "", item.storage === "sd" ? "On the SD card" : "On the camera"));
  line.append(title, power, facts);
  if (item.message) line.append(make("p", `alert ${kindOf(item)}`, item.message));
  line.append(actions(item, at), details(item));
  if (item.url) {
    line.classList.add("opens");
    line.title = `Double click opens ${item.name}`;
    line.addEventListener("dblclick", (event) => {
      if (!event.target.closest("button, a, summary, details")) location.href = item.url;
    });
  }
  return line;
}

function kindOf(item) {
  if (item.status === "on") return /^(on trial|waiting for the first heartbeat)/.test(item.message) ? "" : "warn";
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
  if (item.status === "on" || (item.enabled && item.processes.length)) {
    if (item.url) {
      const open = make("a", "button primary", "Open");
      open.href = item.url;
      bar.append(open);
    }
    button("Stop", "stop");
    button("Restart", "restart");
  } else {
    button("Start", "start", "primary");
  }
  bar.append(make("span", "gap"));
  if (item.mechanism === "file") {
    const licence = make("button", "", "Upload licence");
    licence.type = "button";
    licence.disabled = Boolean(at);
    licence.addEventListener("click", () => chooseLicence(item));
    bar.append(licence);
  }
  if (item.previous) {
    button(`Back to ${item.previous}`, "rollback", "", [`Go back to ${item.previous}?`, `${item.name} ${item.version} is replaced by the version before it. What it stored stays.`, "Go back"]);
  }
  button("Remove", "remove", "danger", [`Remove ${item.name}?`, "The package is stopped and deleted from the camera. Stored plates, lists and settings stay for a later installation.", "Remove"]);
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
  const states = { good: "good", trial: "on trial", staged: "not started yet", failed: "failed" };
  fact("State of this version", `${states[item.slot_state] || item.slot_state} (slot ${item.slot || "–"})`);
  fact("Licence", item.license_message ? `${item.license}: ${item.license_message}` : item.license);
  const lives = { starting: "starts", up: "runs", hung: "hangs", waiting: "starts again soon", absent: "is not for this board", unlicensed: "has no licence" };
  for (const process of item.processes) {
    const life = `${lives[process.state] || "does not run"}${process.pid ? `, process ${process.pid}` : ""}`;
    const past = process.restarts ? `, restarted ${process.restarts}×` : "";
    fact(`Process ${process.name}`, `${life}${past}${process.error ? ` (last end: ${process.error})` : ""}`);
  }
  fact("Package identity (SHA-256)", item.manifest_sha256, "wide mono");
  more.append(make("summary", "", "Details"), facts);
  return more;
}

function confirmed([title, text, yes]) {
  const ask = $("ask");
  $("ask-title").textContent = title;
  $("ask-text").textContent = text;
  $("ask-yes").textContent = yes;
  ask.returnValue = "no";
  ask.showModal();
  return new Promise((resolve) => ask.addEventListener("close", () => resolve(ask.returnValue === "yes"), { once: true }));
}

const DOING = { start: "Starting …", stop: "Stopping …", restart: "Restarting …", rollback: "Going back …", remove: "Removing …" };

async function run(item, verb, ask) {
  if (ask && !(await confirmed(ask))) return;
  busy.set(item.name, DOING[verb]);
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
      tell(`The licence of ${item.name} is stored; valid until: ${done.until}.`, "ok");
    } catch (error) {
      tell(error.message, "bad");
    }
    refresh();
  };
  input.click();
}

function size(bytes) {
  return bytes < 1048576 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

function chosen() {
  const file = $("file").files[0];
  $("drop").classList.toggle("has", Boolean(file));
  $("chosen").textContent = file ? `${file.name} (${size(file.size)})` : "Select file";
  $("result").hidden = true;
}

function progress(text, part) {
  $("progress").hidden = text === null;
  $("progress-text").textContent = text || "";
  $("bar").parentElement.classList.toggle("wait", part === null);
  $("bar").style.width = `${Math.round((part || 0) * 100)}%`;
}

function upload(event) {
  event.preventDefault();
  const file = $("file").files[0];
  const most = Number($("upload").dataset.max);
  if (!file || uploading) return;
  if (file.size > most) {
    tell(`${file.name} is larger than the limit of ${most >> 20} MB.`, "bad");
    return;
  }
  const form = new FormData();
  form.append("save2sd", $("sd").checked ? "1" : "0");
  form.append("package", file);
  const request = new XMLHttpRequest();
  const end = (text, kind) => {
    uploading = false;
    $("send").disabled = $("file").disabled = false;
    progress(null, 0);
    tell(text, kind);
    refresh();
  };
  request.open("POST", "/cgi-bin/admin/upload_vadp.cgi");
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-Requested-With", "page");
  request.upload.onprogress = (sent) => progress(`${Math.round((100 * sent.loaded) / sent.total)} % sent`, sent.loaded / sent.total);
  request.upload.onload = () => progress("Verifying, storing and checking the package …", null);
  request.onerror = () => end("The upload broke off: the camera closed the connection.", "bad");
  request.onload = () => {
    let reply = {};
    try {
      reply = JSON.parse(request.responseText);
    } catch (error) {
      reply = { error: `The camera answered ${request.status}.` };
    }
    if (request.status === 201) {
      $("upload").reset();
      chosen();
      end(`${reply.package} ${reply.version} is uploaded. ${reply.status === "on" ? "It runs." : "Press Start to run it."}`, "ok");
    } else end(reply.error, "bad");
  };
  uploading = true;
  $("result").hidden = true;
  $("send").disabled = $("file").disabled = true;
  progress("Sending …", 0);
  request.send(form);
}

$("file").addEventListener("change", chosen);
$("upload").addEventListener("submit", upload);
for (const name of ["dragover", "dragleave", "drop"]) {
  $("drop").addEventListener(name, (event) => {
    $("drop").classList.toggle("over", name === "dragover");
    if (name === "dragover") event.preventDefault();
  });
}
refresh();
setInterval(() => document.hidden || refresh(), 2000);
