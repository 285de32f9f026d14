// Lane tab: the lane's state, places and counts by hand; the settings below are settings.js.
import {$, $$, READ, api, el, onClick, repeat, sure, toast} from "./portal.js";
import {laneState, placesText} from "./lane_state.js";
import {_} from "./words.js";

const inputs = () => $$("#places input");

/** `isNew`: what was typed is stored. */
function show({lane, places}, isNew = false) {
  $("#lane-state").replaceChildren(...(lane ? laneState({...lane, places: []}) : [el("p", {class: "muted"}, _("Nothing of the lane is in use, or the service does not answer."))]));
  $("#places-card").hidden = !places.length;
  if (isNew || !inputs().some((input) => input === document.activeElement || input.validity.badInput || input.value !== input.defaultValue)) $("#places").replaceChildren(...places.map(row));
}

function row(places) {
  const input = (name, value) => el("input", {type: "number", min: "0", name, value: String(value), "aria-label": name === "count" ? _("Inside") : _("Places")});
  const [count, capacity] = [input("count", places.count), input("capacity", places.capacity || "")];
  capacity.placeholder = _("no limit");
  const save = el("button", {type: "button"}, _("Save"));
  onClick(save, async () => {
    const body = {capacity: READ.zero(capacity)};
    if (count.validity.badInput || count.value !== String(places.count)) body.count = READ.number(count);
    await change("PUT", `lane/places/${places.list_id}`, body);
    $(`#places [data-list="${places.list_id}"] button`)?.focus();
  });
  return el("tr", {"data-list": String(places.list_id)}, el("td", {"data-name": _("List")}, places.name || _("Plates on no list")), el("td", {"data-name": _("Inside")}, count), el("td", {"data-name": _("Places")}, capacity),
    el("td", {class: "small"}, places.drift ? placesText(places) : ""), el("td", {}, save));
}

async function change(method, path, body) {
  show(await api(method, path, body), true);
  toast(_("Saved."));
}

onClick($("#reset"), async () => {
  if (await sure(_("Reset counts"), _("Count nobody as inside from now on?"), _("Reset counts"))) await change("POST", "lane/reset", {});
});

repeat(2000, async () => show(await api("GET", "lane")));
