// Live figures of LPR configuration: motion against its threshold, reads left out by each filter, heights of the last cars.
import {$, api, el, repeat} from "./portal.js";
import {_, _n} from "./words.js";

const CARS = 20;
const FULL_PCT = 30; // the meter's right end: more than that is a car at any distance
const FILTERS = {
  confidence: _("below the minimum confidence"), small: _("characters too small"), large: _("characters too large"),
  characters: _("too few characters"), region: _("not wholly inside the ROI"), repeated: _("repeated (filter of free flow and motion)"),
};

function showMotion(engine) {
  const threshold = Number($("#f-motion_threshold").value);
  const pct = engine ? engine.motion_pct : -1;
  const part = (value) => `${Math.min(100, (100 * value) / FULL_PCT)}%`;
  $("#motion").hidden = pct < 0;
  $("#motion").setAttribute("aria-valuenow", String(Math.max(0, Math.round(pct))));
  $("#motion i").style.width = part(Math.max(0, pct));
  $("#motion b").style.left = part(threshold);
  $("#motion").classList.toggle("full", pct > threshold);
  $("#motion-text").textContent = !engine ? _("The engine does not run.") : pct < 0 ? _("Not measured in this function mode.")
    : pct > threshold ? _("{pct} % of the picture changed, threshold {threshold} %: it reads.", { pct, threshold })
    : _("{pct} % of the picture changed, threshold {threshold} %: nothing is read.", { pct, threshold });
}

function showRejected(engine) {
  const found = Object.entries(engine?.rejected || {}).filter(([name, count]) => count && FILTERS[name]).sort((one, other) => other[1] - one[1]);
  $("#rejected").replaceChildren(...(found.length ? found.map(([name, count]) => el("li", {}, el("b", {}, String(count)), ` ${FILTERS[name]}`))
    : [el("li", {class: "muted"}, engine ? _("None since the start of the engine.") : "–")]));
}

function showHeights(passages) {
  const heights = passages.filter((each) => each.plate).map((each) => each.char_height_px).reverse();
  const least = Number($("#f-min_char_height_px").value);
  const most = Math.max(40, ...heights);
  $("#heights").replaceChildren(...heights.map((height) => {
    const bar = el("i", {class: height < least ? "bad" : height < 25 ? "warn" : "", title: `${Math.round(height)} px`});
    bar.style.height = `${Math.max(4, (100 * height) / most)}%`;
    return bar;
  }));
  const sorted = [...heights].sort((one, other) => one - other);
  $("#heights-text").textContent = heights.length
    ? _n("{count} car: {middle} px.", "{count} cars: {middle} px in the middle, {low} to {high} px.", heights.length,
      { middle: Math.round(sorted[Math.floor(sorted.length / 2)]), low: Math.round(sorted[0]), high: Math.round(sorted.at(-1)) })
    : _("No car has passed yet.");
  $("#heights").setAttribute("aria-label", $("#heights-text").textContent);
}

repeat(1000, async () => { const status = await api("GET", "status"); showMotion(status.engine); showRejected(status.engine); });
repeat(5000, async () => showHeights((await api("GET", `passages?limit=${CARS}`)).passages));
