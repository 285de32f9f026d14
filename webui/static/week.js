// Week: a schedule of seven days as painted hours and as written spans, each following the other.
import {$, $$} from "./portal.js";

const clock = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
const write = (spans) => spans.map(([from, until]) => `${clock(from)}-${clock(until)}`).join(", ");

/** Spans of minutes from "08:00-12:30, 22-6"; one that ends before it starts is a night. null when it is not understood. */
export function parse(text) {
  const spans = [];
  for (const part of text.split(/[,;]/).map((each) => each.trim()).filter(Boolean)) {
    const found = /^(\d{1,2})(?::(\d{2}))?\s*[-–]\s*(\d{1,2})(?::(\d{2}))?$/.exec(part);
    if (!found) return null;
    const [from, until] = [Number(found[1]) * 60 + Number(found[2] || 0), Number(found[3]) * 60 + Number(found[4] || 0)];
    if (Number(found[2] || 0) > 59 || Number(found[4] || 0) > 59 || from === until || from > 1439 || until > 1440) return null;
    spans.push([from, until]);
  }
  return spans;
}

const isNight = ([from, until]) => until < from;

function join(spans) {
  const joined = [];
  for (const [from, until] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], until);
    else joined.push([from, until]);
  }
  return joined;
}

function without(spans, from, until) {
  return spans.flatMap(([start, end]) => [[start, Math.min(end, from)], [Math.max(start, until), end]].filter(([a, b]) => a < b));
}

/** Connects the grid in `root`; `read` gives seven lists of [from, until] minutes, or the text where it is not understood; `show` draws
 * other ones. */
export function openWeek(root) {
  const presets = $("[data-presets]", root);
  const days = JSON.parse($("[data-week]", root).dataset.week).map((day) => day.map((span) => [...span]));
  const inputs = $$("[data-spans]", root);
  const rows = $$(".hours", root);

  function draw(number, keepText = false) {
    const spans = days[number];
    [...rows[number].children].forEach((cell, hour) => {
      const covered = spans.reduce((sum, [from, until]) => sum + Math.max(0, Math.min(until, (hour + 1) * 60) - Math.max(from, hour * 60)), 0);
      cell.className = covered >= 60 ? "on" : covered > 0 ? "part" : "";
    });
    if (!keepText) inputs[number].value = write(spans);
    inputs[number].setCustomValidity("");
    inputs[number].removeAttribute("aria-invalid");
  }

  inputs.forEach((input, number) => input.addEventListener("input", () => {
    const spans = parse(input.value);
    if (spans === null) return input.setAttribute("aria-invalid", "true");
    days[number] = join(spans.map((span) => (isNight(span) ? [span[0], 1440] : span)));
    draw(number, true);
  }));

  /** What a night takes of the next day goes there, once it is typed to its end. */
  function carry(number) {
    const nights = (parse(inputs[number].value) || []).filter(isNight);
    if (!nights.length) return;
    const next = (number + 1) % 7;
    days[next] = join([...days[next], ...nights.filter(([, until]) => until > 0).map(([, until]) => [0, until])]);
    draw(number);
    draw(next);
  }

  inputs.forEach((input, number) => input.addEventListener("change", () => carry(number)));

  rows.forEach((row, number) => {
    let paint = null;
    let last = 0;
    const hourAt = (event) => {
      const box = row.getBoundingClientRect();
      return Math.max(0, Math.min(23, Math.floor((event.clientX - box.left) / box.width * 24)));
    };
    const apply = (event) => {
      const hour = hourAt(event);
      const [from, until] = [Math.min(last, hour) * 60, Math.max(last, hour) * 60 + 60]; // a quick pointer skips hours
      const cleared = without(days[number], from, until);
      days[number] = paint ? join([...cleared, [from, until]]) : cleared;
      last = hour;
      draw(number);
    };
    row.addEventListener("pointerdown", (event) => {
      row.setPointerCapture(event.pointerId);
      last = hourAt(event);
      paint = !row.children[last].classList.contains("on");
      apply(event);
    });
    row.addEventListener("pointermove", (event) => { if (paint !== null) apply(event); });
    row.addEventListener("pointerup", () => { paint = null; });
    row.addEventListener("pointercancel", () => { paint = null; });
  });

  const PRESETS = {
    always: () => [[0, 1440]], never: () => [], office: (day) => (day < 5 ? [[480, 1080]] : []), copy: () => days[0].map((span) => [...span]),
  };
  presets.addEventListener("click", (event) => {
    const preset = PRESETS[event.target.dataset.preset];
    if (!preset) return;
    for (let number = 0; number < 7; number++) { days[number] = preset(number); draw(number); }
  });

  function show(shown) {
    for (let number = 0; number < 7; number++) {
      days[number] = shown[number].map((span) => [...span]);
      draw(number);
    }
  }

  show(days);
  function read() {
    for (let number = 0; number < 7; number++) carry(number);
    return days.map((day, number) => (parse(inputs[number].value) === null ? [inputs[number].value] : day));
  }

  return {read, show};
}
