// Live: picture with overlays, last result, recent passages, board and counters (manual 4.2, Live tab).
import {$, api, ApiError, el, figure, moment, notice, number, onClick, order, plate, repeat, svg, toast, withMoments} from "./portal.js";
import {_} from "./words.js";
import {showAlarm} from "./alarm.js";
import {openEvents} from "./events.js";
import {openFirstSteps} from "./first_steps.js";
import {laneState} from "./lane_state.js";
import {openListDialog, openGateDialog} from "./at_the_gate.js";
import {followPictures} from "./pictures.js";
import {outline, stroke} from "./regions.js";
import "./stored_pictures.js";
import {zoom} from "./zoom.js";

const may = (permission) => $("#live").dataset.may.split(" ").includes(permission);
const state = {size: [4, 3], seq: -1, status: null, passages: [], newest: 0, calibrationY: 0.6, lines: new Map(), counters: new Map(), tried: new Map(), shown: false};

// --- picture ----------------------------------------------------------------------------------------------------------

const PLATE_GONE_MS = 1000;
const MOST_HELD = 12;

function pictureQuery() {
  const box = $("#view").clientWidth * Math.min(devicePixelRatio || 1, 2);
  return `width=${Math.round(box)}${$("#show-focus").checked ? "&focus=1" : ""}`;
}

// What was read in a picture comes a little later than the picture. While a plate is in sight, pictures are held back until
// their reads are there, so that each box lies on the very picture it belongs to.
const held = [];
const reads = new Map();
let holdMs = 200;
let plateAt = 0;

async function arrived(picture) {
  if (picture.seq < state.seq) { state.seq = -1; reads.clear(); for (const old of held.splice(0)) old.bitmap.close(); } // the engine counts anew
  state.taken = Date.now() - 1000 * picture.age_s;
  showFocus(picture.sharpness);
  if (picture.seq === state.seq) return picture.bitmap.close();
  picture.at = performance.now();
  held.push(picture);
  while (held.length > MOST_HELD) held.shift().bitmap.close();
  showDue();
}

function takeReads(live) {
  const now = performance.now();
  reads.set(live.frame_seq, live.reads);
  if (reads.size > 60) reads.delete(reads.keys().next().value);
  if (live.reads.length) plateAt = now;
  const picture = held.find((each) => each.seq === live.frame_seq);
  if (picture) holdMs = Math.min(700, Math.max(1.4 * (now - picture.at), 0.9 * holdMs, 60));
  else if (live.frame_seq <= state.seq && state.shownAt) holdMs = Math.min(700, 1.2 * holdMs + 10);
  if (live.frame_seq === state.seq) drawOverlay();
  showDue();
}

function showDue() {
  const now = performance.now();
  let due = held.findLastIndex((picture) => reads.has(picture.seq));
  if (due < 0) {
    const wait_ms = now - plateAt < PLATE_GONE_MS ? holdMs : 0;
    due = held.findLastIndex((picture) => now - picture.at >= wait_ms);
  }
  if (due < 0) { if (held.length) setTimeout(showDue, 30); return; }
  const gone = held.splice(0, due + 1);
  const picture = gone.pop();
  for (const old of gone) old.bitmap.close();
  draw(picture);
  if (held.length) setTimeout(showDue, 30);
}

function draw(picture) {
  const canvas = $("#picture");
  const {width, height} = picture.bitmap;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height]; // which clears it, and lays the page out anew
  canvas.getContext("2d").drawImage(picture.bitmap, 0, 0);
  picture.bitmap.close();
  canvas.hidden = false;
  canvas.dataset.seq = String(picture.seq);
  $("#no-picture").hidden = true;
  state.seq = picture.seq;
  state.shownAt = picture.at;
  setSize(picture.size);
  drawOverlay();
}

function stillText() {
  const seconds = Math.round((Date.now() - state.taken) / 1000);
  return seconds > 5 && !$("#picture").hidden ? _("Still picture, {seconds} s old", { seconds }) : "";
}

function noPicture(text) {
  $("#picture").hidden = true;
  $("#no-picture").hidden = false;
  $("#no-picture").textContent = text;
}

function setSize(size) {
  if (size[0] === state.size[0] && size[1] === state.size[1]) return;
  state.size = size;
  $("#view").style.setProperty("--ratio", size[0] / size[1]);
}

const picturesAnew = followPictures(pictureQuery, arrived, noPicture);

// --- overlays ---------------------------------------------------------------------------------------------------------

const SWITCHES = ["roi", "lanes", "calibration", "reads", "focus"];

function drawOverlay() {
  const [width, height] = state.size;
  const overlay = $("#overlay");
  overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
  overlay.setAttribute("preserveAspectRatio", "none");
  const parts = [];
  const status = state.status;
  const text = Math.max(12, width / 55);
  if ($("#show-roi").checked && status) {
    if (status.roi) parts.push(outline("roi", status.roi_corners, state.size));
    parts.push(...status.mask_corners.map((corners) => outline("mask", corners, state.size)));
  }
  if ($("#show-lanes").checked && status?.lane_line) {
    const [x1, y1, x2, y2] = status.lane_line;
    parts.push(stroke("lane", [[x1, y1], [x2, y2]], state.size));
    parts.push(svg("text", {x: x2 * width - text * 4, y: y2 * height - text, "font-size": text, "text-anchor": "end"}, _("Lane 1")));
    parts.push(svg("text", {x: x2 * width + text * 4, y: y2 * height - text, "font-size": text}, _("Lane 2")));
  }
  if ($("#show-calibration").checked) {
    const y = state.calibrationY * height;
    for (const line of [y, y + 25, y + 65]) parts.push(svg("line", {class: "calibration", x1: 0, x2: width, y1: line, y2: line}));
    parts.push(svg("text", {x: text, y: y + 25 - 4, "font-size": 20}, "25 px"), svg("text", {x: text, y: y + 65 - 10, "font-size": 20}, "40 px"));
  }
  if ($("#show-reads").checked) {
    for (const read of reads.get(state.seq) || []) {
      const [x, y, w, h] = read.box;
      parts.push(svg("rect", {class: "read", x, y, width: w, height: h, rx: 3}));
      parts.push(svg("text", {class: "read-text", x, y: y > 2 * text ? y - text * 0.5 : y + h + text * 1.2, "font-size": text * 1.2}, svg("tspan", {class: "as-seen"}, read.text), `  ${Math.round(read.confidence)} %`));
    }
  }
  overlay.replaceChildren(...parts);
}

for (const name of SWITCHES) {
  const box = $(`#show-${name}`);
  const kept = localStorage.getItem(`live-${name}`);
  if (kept !== null) box.checked = kept === "1";
  box.addEventListener("change", () => {
    localStorage.setItem(`live-${name}`, box.checked ? "1" : "0");
    if (name === "focus") picturesAnew(); // its figures come with the pictures
    hints();
    drawOverlay();
  });
}

function hints() {
  $("#calibration-help").hidden = !$("#show-calibration").checked;
  $("#focus").hidden = !$("#show-focus").checked;
  const missing = [];
  if ($("#show-roi").checked && state.status && !state.status.roi) missing.push(_("No ROI is drawn: the whole picture is read."));
  if ($("#show-lanes").checked && state.status && !state.status.lane_line) missing.push(_("No lanes are drawn."));
  $("#rate").textContent = missing.length ? missing.join(" ") : stillText() || state.rate || "";
}

$("#view").addEventListener("click", (event) => {
  if (!$("#show-calibration").checked) return;
  const box = $("#view").getBoundingClientRect();
  state.calibrationY = Math.max(0, Math.min(0.95, (event.clientY - box.top) / box.height));
  drawOverlay();
});

// --- focus aid: measured only while it is ticked ----------------------------------------------------------------------

let best = 0;

function showFocus(text) {
  if (text === null || !$("#show-focus").checked) return;
  const sharpness = Number(text);
  best = Math.max(best, sharpness);
  const share = best ? Math.round((100 * sharpness) / best) : 0;
  $("#focus-text").textContent = best ? _("Sharpness {now} · best {best} · {share} %", { now: number(sharpness, 1), best: number(best, 1), share }) : _("Sharpness 0: nothing to focus on in the picture");
  $("#focus-meter i").style.width = `${share}%`;
  $("#focus-meter").classList.toggle("full", share >= 97);
  $("#focus-meter").setAttribute("aria-valuenow", String(share));
}

for (const [id, event] of [["focus-again", "click"], ["show-focus", "change"]]) $(`#${id}`).addEventListener(event, () => { best = 0; });

// --- status: mode, counters, lines, errors ----------------------------------------------------------------------------

let shownProblems = "[]";
let problemNodes = [];
const MODES = {
  "…": ["…", ""], "NO LICENSE": [_("NO LICENSE"), "bad"], STOPPED: [_("STOPPED"), "bad"], "NO CONNECTION": [_("NO CONNECTION"), "bad"], SETUP: [_("SETUP"), "warn"],
};

async function refreshStatus() {
  try { takeStatus(await api("GET", "status")); } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    noNews(error.message, error.status === 503 ? "STOPPED" : "NO CONNECTION");
  }
}

function takeStatus(status) {
  state.status = status;
  const age = status.age_s >= 0 ? _("last heard of {ago} ago", { ago: agoText(status.age_s) }) : "";
  state.rate = status.engine ? _("{frames} frames/s · {ms} ms a read", { frames: number(status.engine.frames_per_s, 1), ms: Math.round(status.engine.read_ms) }) : age;
  showMode(status.mode);
  showProblems(status.problems);
  showInfo(status.info);
  showLines(status.lines);
  showWiegand(status.wiegand);
  showLane(status.lane);
  if (status.live) takeReads(status.live);
  $("#live").classList.remove("stale");
  $("#trigger").hidden = !(may("open") && status.mode === "TRIGGER");
  if ($("#open-gate")) $("#open-gate").disabled = !status.lines.some((line) => line.gate);
  hints();
  drawOverlay();
}

/** This page may be open for days: what somebody else has put in force meanwhile waits no longer. */
async function stillDue() {
  if (!$("#restart-due")) return;
  try {
    const {restart_due: due} = await api("GET", "settings/lpr");
    if (!due.length) $("#restart-due")?.remove();
  } catch (error) { if (!(error instanceof ApiError)) throw error; } // said by what the page shows
}

// The page itself has lost the camera: nothing that it knew is so any more, and that says nothing about the gate.
function noNews(text, mode) {
  if (state.status) {
    showInfo(state.status.info.map((row) => ({...row, value: "–", changed: ""})));
    showLines([]);
    showWiegand(null);
    showLane(null);
    state.status = null;
  }
  if ($("#open-gate")) $("#open-gate").disabled = true;
  reads.clear();
  $("#live").classList.add("stale");
  $("#trigger").hidden = true;
  state.rate = "";
  showMode(mode);
  if (!text) $("#notices").replaceChildren();
  else if (!$("#notices").textContent.includes(text)) notice("bad", text); // said once, not again and again
  shownProblems = "";
  hints();
}

function agoText(seconds) {
  return seconds < 90 ? `${Math.round(seconds)} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

function showMode(mode) {
  const [text, kind] = MODES[mode] || [mode, "ok"];
  $("#mode").textContent = text;
  $("#mode").className = `badge ${kind}`;
}

function showProblems(problems) {
  const text = JSON.stringify(problems);
  if (text === shownProblems && problemNodes.every((node) => node.isConnected)) return; // another notice takes their place
  if (!shownProblems) $("#notices").replaceChildren();
  shownProblems = text;
  for (const node of problemNodes) node.remove();
  problemNodes = problems.map((problem) => el("div", {class: `notice ${problem.kind}`, role: "alert"},
    el("div", {}, el("strong", {}, `${problem.where}: `), withMoments(problem.text), problem.todo ? el("div", {class: "small muted"}, problem.todo) : null)));
  $("#notices").prepend(...problemNodes);
}

function showInfo(rows) {
  $("#info").replaceChildren(...rows.map((row) => {
    const before = state.counters.get(row.name);
    const fresh = before !== undefined && before.value !== row.value && row.value !== "–" ? Date.now() : before?.fresh || 0;
    state.counters.set(row.name, {value: row.value, fresh});
    return el("tr", {class: Date.now() - fresh < 5000 ? "fresh" : ""}, el("td", {}, row.name), el("td", {}, figure(row.value)), el("td", {}, row.changed ? moment(row.changed, true) : "–"));
  }));
}

function showLines(lines) {
  if (!lines.some((line) => line.gate)) $("#gate-badge").hidden = true;
  if (!lines.length) { $("#gate").classList.remove("open"); $("#gate-text").textContent = _("unknown"); }
  const place = $("#lines");
  for (const line of lines) {
    let known = state.lines.get(line.name);
    if (!known) {
      known = {node: el("div", {class: "line", id: `line-${line.name}`}), changed: line.changed_at};
      known.text = el("span", {class: "muted"});
      known.node.append(el("b", {}, el("span", {class: "lamp"}), line.name), known.text);
      if (line.settable && may("open")) known.node.append(inputButton(line.name));
      state.lines.set(line.name, known);
      place.append(known.node);
    }
    // A pulse may be shorter than the time between two looks: its stamp tells that it was there.
    const missed = !line.active && line.changed_at && known.changed !== line.changed_at && !known.active;
    if (line.kind === "output" && (line.active || missed)) known.until = Date.now() + 1500; // long enough to be seen
    known.changed = line.changed_at;
    known.active = line.active;
    known.node.classList.toggle("on", line.active || known.until > Date.now());
    known.text.textContent = `${line.kind === "input" ? _("input") : _("output")} · ${line.active ? _("active") : _("rest")}`;
    if (line.gate) showGate(line.active || known.until > Date.now(), moment(line.changed_local.slice(0, 16), true));
  }
  for (const [name, known] of state.lines) if (!lines.some((line) => line.name === name)) { known.node.remove(); state.lines.delete(name); }
  if (!lines.length) place.replaceChildren(el("p", {class: "muted small"}, _("No state of the lines: service or pins do not answer.")));
  else $("p", place)?.remove();
}

function showGate(open, at) {
  $("#gate").classList.toggle("open", open);
  $("#gate-badge").hidden = false;
  $("#gate-badge").className = `badge ${open ? "ok" : ""}`;
  $("#gate-badge").textContent = open ? _("Gate open") : _("Gate closed");
  $("#gate-text").textContent = open ? _("OPEN") : at ? _("closed · last opened {time}", { time: at }) : _("closed");
}

function inputButton(name) {
  const button = el("button", {type: "button", "aria-pressed": "false", "data-input": name}, _("Press"));
  let held = false;
  const drive = async (active) => {
    if (held === active) return;
    held = active;
    button.setAttribute("aria-pressed", String(active));
    button.textContent = active ? _("On") : _("Press");
    try { await api("POST", `board/inputs/${name}`, {active}); await refreshStatus(); } catch (error) { notice("bad", error.message); }
  };
  let pressed_at = 0;
  button.addEventListener("pointerdown", (event) => {
    if (held) { drive(false); pressed_at = 0; return; }
    button.setPointerCapture(event.pointerId);
    pressed_at = performance.now();
    drive(true);
  });
  // Held for a while: off on release. A short click stays on until the next click.
  button.addEventListener("pointerup", () => { if (pressed_at && performance.now() - pressed_at > 350) drive(false); });
  button.addEventListener("pointercancel", () => drive(false));
  button.addEventListener("keydown", (event) => { if ((event.key === "Enter" || event.key === " ") && !event.repeat) { event.preventDefault(); drive(!held); } });
  return button;
}

function showWiegand(frame) {
  $("#wiegand").replaceChildren(...(frame
    ? [el("div", {class: "spread"}, el("b", {}, `${frame.port} · Wiegand ${frame.bits}`), el("span", {class: `badge ${frame.ok ? "ok" : "warn"}`}, frame.ok ? _("timing ok") : _("timing off"))),
      el("div", {class: "bits"}, frame.binary),
      el("div", {class: "muted nums"}, `${frame.hex}${frame.facility === null ? "" : _(" · facility {facility} · card {card}", frame)} · ${moment(frame.at_local)}`)]
    : [el("span", {class: "muted"}, _("No Wiegand frame sent yet."))]));
}

function showLane(lane) {
  $("#lane").hidden = !lane;
  if (lane) $("#lane-state").replaceChildren(...laneState(lane));
}

repeat(500, async () => { if (state.status?.lines.length) showLines(state.status.lines); hints(); }); // lamps that were lit go out

onClick($("#trigger"), async () => {
  try {
    await order("trigger", {wait_s: 0});
    toast(_("Trigger accepted."));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.message);
  }
});

// --- passages ---------------------------------------------------------------------------------------------------------

async function refreshPassages() {
  const answer = await api("GET", `passages?after=${state.newest}&limit=10`);
  takePassages(answer.passages);
  state.shown = true;
}

/** Newest first; those that are shown already do not count. */
function takePassages(passages) {
  const fresh = passages.filter((passage) => passage.row > state.newest);
  $("#no-passages").hidden = state.passages.length + fresh.length > 0;
  if (!fresh.length) return;
  state.newest = fresh[0].row;
  for (const passage of fresh) if (passage.deliveries) state.tried.set(passage.id, passage.deliveries.filter((each) => each.kind === "io"));
  while (state.tried.size > 20) state.tried.delete(state.tried.keys().next().value);
  if (state.shown) { showAlarm(fresh); firstSteps(); }
  state.shown = true;
  state.passages = [...fresh, ...state.passages].slice(0, 10);
  showPassages();
}

const OUTCOMES = {
  opened: [_("Gate opened"), "ok"], refused: [_("Not let in"), "bad"], withheld: [_("Withheld"), "bad"],
  reported: [_("No action"), ""], waiting: [_("Waiting…"), "warn"],
};

/** What was decided, in the words of the gate: [text, kind]. */
function verdict(passage) {
  const [text, kind] = OUTCOMES[passage.outcome] || [passage.outcome, ""];
  if (passage.outcome !== "opened") return [text, kind];
  const tried = state.tried.get(passage.id) || [];
  const failed = tried.find((each) => each.state === "failed" || each.state === "expired");
  if (failed && !tried.some((each) => each.state === "done")) return [_("Was to open and did not: {why}", { why: failed.note }), "bad"];
  return tried.some((each) => each.state === "pending" || each.state === "sending") ? [_("Opening…"), "warn"] : [text, kind];
}

const rows = new Map(); // of the recent passages, by id

/** What is shown already stays where it is, with the focus and the click that somebody has begun; only what was decided is written anew. */
function showPassages() {
  showLast(state.passages[0]);
  for (const [id, row] of rows) if (!state.passages.some((passage) => passage.id === id)) { row.remove(); rows.delete(id); }
  for (const passage of [...state.passages].reverse()) {
    if (!rows.has(passage.id)) {
      rows.set(passage.id, recentRow(passage));
      $("#recent tbody").prepend(rows.get(passage.id));
    }
    const [text, kind] = verdict(passage);
    const cell = $("[data-decision]", rows.get(passage.id));
    cell.title = passage.decision;
    cell.replaceChildren(text ? el("span", {class: `badge ${kind}`}, text) : "");
  }
}

function recentRow(passage) {
  return el("tr", {},
    el("td", {"data-name": _("Plate"), class: "plate-cell"}, may("review") ? el("a", {class: "bare", href: `/anpr/review/passages/${encodeURIComponent(passage.id)}`, "aria-label": _("Open the passage {plate}", {plate: passage.plate || _("no plate")})}, plate(passage.plate)) : plate(passage.plate)),
    el("td", {"data-name": _("Picture")}, thumbnail(passage)),
    el("td", {"data-name": _("Time"), class: "nums nowrap"}, moment(passage.at_local)),
    el("td", {"data-name": _("List")}, lists(passage)),
    el("td", {"data-name": _("Decision"), "data-decision": true}),
    el("td", {"data-name": _("Country")}, passage.country_name),
    el("td", {"data-name": _("Confidence"), class: "nums right"}, passage.plate ? `${Math.round(passage.confidence)} %` : ""));
}

/** A passage that waited is decided about. */
function takeDecision({id, outcome, decision}) {
  const passage = state.passages.find((each) => each.id === id);
  if (!passage) return;
  Object.assign(passage, {outcome, decision});
  showPassages();
}

/** What became of an action of a passage. */
function takeDelivery(delivery) {
  const tried = state.tried.get(delivery.passage_id);
  if (!tried) return;
  const known = tried.find((each) => each.id === delivery.id);
  if (known) Object.assign(known, delivery); else tried.push(delivery);
  showPassages();
}

/** What became of passages while nothing was pushed: of those that waited, and of actions that were still being tried. */
async function catchUp() {
  const isOpen = (passage) => passage.outcome === "waiting" || (state.tried.get(passage.id) || []).some((each) => each.state === "pending" || each.state === "sending");
  if (!state.passages.some(isOpen)) return;
  const {passages} = await api("GET", "passages?limit=100");
  for (const now of passages) {
    const known = state.passages.find((each) => each.id === now.id);
    if (!known || !isOpen(known)) continue;
    if (now.outcome !== "waiting") Object.assign(known, {outcome: now.outcome, decision: now.decision});
    state.tried.set(now.id, (now.deliveries || []).filter((each) => each.kind === "io"));
  }
  showPassages();
}

function thumbnail(passage) {
  const small = passage.image_plate || passage.image_full;
  if (!small) return "";
  return pictureButton(small, passage, "thumb-button", "thumb");
}

/** A picture that opens the whole one, by mouse, tap or key. */
function pictureButton(shown, passage, buttonClass, imageClass) {
  const alt = passage.plate ? _("Plate image {plate}", { plate: passage.plate }) : _("Picture of the passage");
  return el("button", {type: "button", class: buttonClass, "data-full": passage.image_full || shown, "aria-label": _("Enlarge: {picture}", { picture: alt }), onclick: () => zoom(passage.image_full || shown, passage.plate)},
    el("img", {class: imageClass, src: shown, alt}));
}

function lists(passage) {
  const shown = passage.lists.filter((list) => list.role !== "all");
  return el("span", {class: "row"}, ...shown.map((list) => {
    const badge = el("span", {class: `badge list-badge ${list.role}`}, el("i", {class: "dot-colour"}), list.name);
    if (list.colour) badge.firstChild.style.background = list.colour;
    return badge;
  }));
}

function showLast(passage) {
  const [text, kind] = verdict(passage);
  const told = JSON.stringify([passage.id, text, kind, passage.decision]);
  if (told !== state.told) { // else a screen reader would say it again
    state.told = told;
    $("#verdict").hidden = !text;
    $("#verdict").className = `verdict ${kind}`;
    $("#verdict").replaceChildren(el("b", {}, text), el("span", {class: "nums"}, moment(passage.at_local, true)), el("div", {class: "small"}, passage.decision || ""));
  }
  if (passage === state.last) return;
  if (!isUnseen()) state.before = state.last;
  state.lastAt = performance.now();
  state.last = passage;
  const whole = passage.image_full ? pictureButton(passage.image_full, passage, "whole", "") : null;
  const crop = passage.image_plate ? pictureButton(passage.image_plate, passage, "crop-button", "") : el("span", {class: "muted small"}, passage.plate ? _("No plate image stored") : _("No plate was read"));
  const facts = [
    [_("Confidence"), passage.plate ? `${number(passage.confidence, 1)} %` : ""], [_("Country"), passage.country_name], [_("Character height"), passage.plate ? `${number(passage.char_height_px)} px` : ""],
    [_("Date and time"), moment(passage.at_local)], [_("List"), passage.lists.map((list) => list.name).join(", ")], [_("Lane"), passage.lane ? _("Lane {number}", { number: passage.lane }) : ""],
    [_("Direction"), passage.direction_name], [passage.plate_kind ? _("Plate type") : _("Plate colour"), passage.plate_look], [_("Trigger"), passage.trigger_name],
  ];
  const inner = el("i");
  inner.style.width = `${passage.confidence}%`;
  $("#last").replaceChildren(
    el("div", {class: "last-plate"}, plate(passage.plate, "big")), ...(whole ? [whole] : []), el("div", {class: "crop"}, crop),
    el("div", {class: "confidence", hidden: !passage.plate}, inner),
    el("dl", {class: "facts"}, ...facts.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
  $("#last-lists").replaceChildren(lists(passage));
  $("#last-do").hidden = !passage.plate;
  $("#add-to-list").hidden = !may("lists");
  $("#all-of-plate").hidden = !may("review");
  $("#all-of-plate").href = `/anpr/review?from=2000-01-01T00:00&plate=${encodeURIComponent(passage.plate)}`;
}

// --- at the gate ------------------------------------------------------------------------------------------------------

const UNSEEN_MS = 300; // sooner nobody answers to what he sees

if ($("#open-gate")) openGateDialog($("#open-gate"));
openListDialog($("#add-to-list"), () => ((isUnseen() && state.before) || state.last)?.plate || "", may("actions"), () => firstSteps());
const firstSteps = openFirstSteps();

/** Whether nobody can have seen the last result yet: a press is meant for the one that stood there before, however many came at once. */
function isUnseen() {
  return performance.now() - state.lastAt < UNSEEN_MS;
}

/** The picture and the last result alone, as large as the screen. */
function guardView(on) {
  document.body.classList.toggle("guard", on);
  $("#guard").setAttribute("aria-pressed", String(on));
  $("#guard").textContent = on ? _("Leave guard view") : _("Guard view");
  picturesAnew();
}

$("#guard").addEventListener("click", async () => {
  const on = !document.body.classList.contains("guard");
  guardView(on);
  if (on) await document.documentElement.requestFullscreen?.().catch(() => {}); // without it the view fills the window
  else if (document.fullscreenElement) await document.exitFullscreen();
});
document.addEventListener("fullscreenchange", () => { if (!document.fullscreenElement) guardView(false); });
if (new URLSearchParams(location.search).get("view") === "guard") guardView(true);

if (location.hash === "#focus" && !$("#show-focus").checked) $("#show-focus").click();

// --- what the camera pushes -------------------------------------------------------------------------------------------

let slow = false;
repeat(5000, async () => { if (slow) { await refreshStatus(); await refreshPassages(); } });
repeat(5000, stillDue);

refreshPassages().catch((error) => { if (!(error instanceof ApiError)) throw error; }).then(() => openEvents(
  () => `events?after=${state.newest}`,
  {status: takeStatus, reads: takeReads, passage: (passage) => takePassages([passage]), decided: takeDecision, delivery: takeDelivery},
  {slow: (is) => { if (is && !slow) refreshStatus(); slow = is; }, lost: () => noNews(_("The camera does not answer. Is it still connected?"), "NO CONNECTION"),
    asleep: () => noNews("", "…"), again: () => catchUp().catch((error) => { if (!(error instanceof ApiError)) throw error; })},
));
