// Habit: numbers and moments as the reader writes them: as the browser does, or as the page's language does where that was chosen
// and the browser has another. A browser whose language no catalogue has gets English texts, but its own dates.
const spoken = document.documentElement.lang;
const same = (tag) => tag.split("-")[0] === spoken.split("-")[0];
const habit = spoken === "en" ? undefined : navigator.languages.find(same) ?? spoken;

const DAY = {month: "2-digit", day: "2-digit"};
const PARTS = /^(\d{4}-\d\d-\d\d)?[ T]?(\d\d:\d\d)?(:\d\d)?(\.\d+)?(Z|[+-]\d\d:\d\d)?$/;
const STAMP = /\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b/g;

const writers = new Map(); // to make one takes longer than to use it a hundred times
function writer(options) {
  const key = JSON.stringify(options);
  if (!writers.has(key)) writers.set(key, new Intl.DateTimeFormat(habit, options));
  return writers.get(key);
}

/** A number; `decimals`: always so many. */
export const number = (value, decimals = 0, most = decimals) => value.toLocaleString(habit, {minimumFractionDigits: decimals, maximumFractionDigits: most});

/** A counter as it is told: a whole number in digits; else the text. */
export const figure = (text) => (/^\d+$/.test(text) ? number(Number(text)) : text);

/** A moment by the camera's clock, "2026-11-28 07:46:06", or its day or time alone, with as much as it tells; `brief`: without its
 *  year. One with an offset ("2026-11-28T06:46:06Z") is brought into the camera's time zone. What is none stays as it is. */
export function moment(text, brief = false) {
  const found = PARTS.exec(text);
  if (!text || !found) return text;
  const [, day, clock, seconds, fraction, offset] = found;
  const at = new Date(`${day ?? "2000-01-01"}T${clock ?? "00:00"}${seconds ?? ""}${fraction ?? ""}${offset ?? "Z"}`);
  try {
    return writer({
      timeZone: offset ? document.documentElement.dataset.zone : "UTC",
      ...(day && DAY), ...(day && !brief && {year: "numeric"}), ...(clock && {hour: "2-digit", minute: "2-digit"}),
      ...(seconds && {second: "2-digit"}), ...(fraction && {fractionalSecondDigits: 3}),
    }).format(at);
  } catch { return text; } // no such day, or a time zone that the browser does not know
}

/** A sentence with the moments that it tells. */
export const withMoments = (text) => text.replace(STAMP, (stamp) => moment(stamp));

/** What a date input takes ("2026-11-28T07:46:06") of a moment in the reader's habit or in digits, as it stands on a page; "" for none. */
export function understood(text) {
  const iso = /(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?)?/.exec(text);
  if (iso) return written(iso.slice(1, 4), iso.slice(4));
  const sample = new Intl.DateTimeFormat(habit, {...DAY, year: "numeric", hour: "2-digit"}).formatToParts(new Date(2000, 0, 1, 13));
  const order = sample.map((part) => part.type).filter((type) => ["year", "month", "day"].includes(type));
  const [found, ...numbers] = /(\d+)\D+(\d+)\D+(\d+)(?:\D+?(\d+):(\d+)(?::(\d+))?)?/.exec(text) ?? [];
  if (!found) return "";
  const half = sample.find((part) => part.type === "dayPeriod")?.value;
  if (half && numbers[3]) numbers[3] = (numbers[3] % 12) + (text.includes(half) ? 12 : 0);
  return written(["year", "month", "day"].map((part) => numbers[order.indexOf(part)]), numbers.slice(3));
}

const written = (day, clock) => [day, clock].map((parts, at) => parts.filter((part) => part !== undefined)
  .map((part) => String(part).padStart(2, "0")).join("-:"[at])).filter(Boolean).join("T");

// A date input takes what is pasted: browsers take a moment apart that is typed, but none that was copied.
document.addEventListener("paste", (event) => {
  const input = event.target;
  if (!input.matches?.("input[type=date], input[type=datetime-local]")) return;
  const value = understood(event.clipboardData.getData("text"));
  if (!value) return;
  event.preventDefault();
  input.value = input.type === "date" ? value.slice(0, 10) : value.includes("T") ? value : `${value}T00:00`;
  for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, {bubbles: true}));
});

for (const node of document.querySelectorAll("data.number")) node.textContent = number(Number(node.value), 0, 3);
for (const node of document.querySelectorAll(".moments")) node.textContent = withMoments(node.textContent);
for (const node of document.querySelectorAll("time")) node.textContent = moment(node.textContent);
