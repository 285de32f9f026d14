// Logs: shows the newest lines and follows them.
import {$, api, ApiError, el, moment, onClick, repeat} from "./portal.js";
import {restart} from "./restart.js";

const local = (line) => line.replace(/^\d\S+Z(?= )/, (stamp) => moment(stamp)); // logs are in UTC, people by the camera's clock

let lines = [];
let told = [];
const place = $("#lines");

function show() {
  const text = $("#filter").value.toLowerCase();
  const atEnd = place.scrollTop + place.clientHeight >= place.scrollHeight - 40;
  const kind = (line) => (/ (ERROR|CRITICAL) /.test(line) ? "e" : / WARNING /.test(line) ? "w" : "");
  place.replaceChildren(...lines.filter((line) => line.toLowerCase().includes(text)).map((line) => el("span", {class: kind(line)}, `${line}\n`)));
  if (atEnd) place.scrollTop = place.scrollHeight;
}

async function load() {
  const name = $("#log").value;
  const answer = await api("GET", `logs/${name}?lines=600`);
  if (name !== $("#log").value) return; // another one has been chosen meanwhile
  if (answer.lines.length === told.length && answer.lines.at(-1) === told.at(-1)) return;
  told = answer.lines;
  lines = told.map(local);
  show();
}

/** Of the log before, nothing stays below the name of the chosen one. */
function choose() {
  $("#zip").href = `/anpr/logs/${$("#log").value}-log.zip`;
  lines = told = [];
  show();
}

if (place) {
  repeat(2000, async () => { if ($("#auto").checked || !lines.length) await load(); });
  $("#filter").addEventListener("input", show);
  $("#log").addEventListener("change", async () => {
    choose();
    try { await load(); } catch (error) { if (!(error instanceof ApiError)) throw error; } // it is asked for again, and said, in a moment
    place.scrollTop = place.scrollHeight;
  });
}
onClick($("#restart"), restart);
