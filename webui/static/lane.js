// Lane tab: the lane's state, places and counts by hand; the settings below are settings.js.
import {$, $$, READ, api, el, onClick, repeat, sure, toast} from "./portal.js";
import {laneState, placesText} from "./lane_state.js";
import {_} from "./words.js";

/** Whether somebody is at this row of places, or has typed there what is not stored yet. */
const isTouched = (line) => line.contains(document.activeElement) || $$("input", line).some((input) => input.validity.badInput || input.value !== input.defaultValue);

/** `isStored(line)`: what was typed there is stored, or is not to be. */
function show({lane, places}, isStored = () => false) {
  $("#lane-state").replaceChildren(...(lane ? laneState({...lane, places: []}) : [el("p", {class: "muted"}, _("Nothing of the lane is in use, or the service does not answer."))]));
  $("#places-card").hidden = !places.length;
  const lines = new Map($$("#places tr").map((line) => [line.dataset.list, line]));
  for (const each of places) {
    const line = lines.get(String(each.list_id));
    lines.delete(String(each.list_id));
    if (!line) $("#places").append(row(each));
    else if (isStored(line) || !isTouched(line)) line.replaceWith(row(each));
  }
  for (const line of lines.values()) line.remove();
}

function row(places) {
  const input = (name, value) => el("input", {type: "number", min: "0", name, value: String(value), "aria-label": name === "count" ? _("Inside") : _("Places")});
  const [count, capacity] = [input("count", places.count), input("capacity", places.capacity || "")];
  capacity.placeholder = _("no limit");
  const save = el("button", {type: "button"}, _("Save"));
  const line = el("tr", {"data-list": String(places.list_id)}, el("td", {"data-name": _("List")}, places.name || _("Plates on no list")), el("td", {"data-name": _("Inside")}, count), el("td", {"data-name": _("Places")}, capacity),
    el("td", {class: "small"}, places.drift ? placesText(places) : ""), el("td", {}, save));
  onClick(save, async () => {
    const body = {capacity: READ.zero(capacity)};
    if (count.validity.badInput || count.value !== String(places.count)) body.count = READ.number(count);
    const sent = [count.value, capacity.value];
    const isAsSent = () => [count, capacity].every((each, number) => !each.validity.badInput && each.value === sent[number]);
    await change("PUT", `lane/places/${places.list_id}`, body, (each) => each === line && isAsSent());
    if (!line.isConnected) $(`#places [data-list="${places.list_id}"] button`)?.focus();
  });
  return line;
}

async function change(method, path, body, isStored) {
  show(await api(method, path, body), isStored);
  toast(_("Saved."));
}

onClick($("#reset"), async () => {
  if (await sure(_("Reset counts"), _("Count nobody as inside from now on?"), _("Reset counts"))) await change("POST", "lane/reset", {}, () => true);
});

repeat(2000, async () => show(await api("GET", "lane")));
