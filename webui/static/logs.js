// Logs: shows the newest lines and follows them.
import {$, api, el, onClick, repeat} from "./portal.js";
import {restart} from "./restart.js";

let lines = [];
const place = $("#lines");

function show() {
  const text = $("#filter").value.toLowerCase();
  const atEnd = place.scrollTop + place.clientHeight >= place.scrollHeight - 40;
  const kind = (line) => (/ (ERROR|CRITICAL) /.test(line) ? "e" : / WARNING /.test(line) ? "w" : "");
  place.replaceChildren(...lines.filter((line) => line.toLowerCase().includes(text)).map((line) => el("span", {class: kind(line)}, `${line}\n`)));
  if (atEnd) place.scrollTop = place.scrollHeight;
}

async function load() {
  const answer = await api("GET", `logs/${$("#log").value}?lines=600`);
  if (answer.lines.length === lines.length && answer.lines.at(-1) === lines.at(-1)) return;
  lines = answer.lines;
  show();
}

if (place) {
  repeat(2000, async () => { if ($("#auto").checked || !lines.length) await load(); });
  $("#filter").addEventListener("input", show);
  $("#log").addEventListener("change", async () => { $("#zip").href = `/anpr/logs/${$("#log").value}-log.zip`; lines = []; await load(); place.scrollTop = place.scrollHeight; });
}
onClick($("#restart"), restart);
