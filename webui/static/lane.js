// Lane tab: the lane's state, places and counts by hand; the settings below are settings.js.
import {$, api, ApiError, el, onClick, repeat, sure, toast} from "./portal.js";
import {laneState, placesText} from "./lane_state.js";
import {_} from "./words.js";

function show({lane, places}) {
  $("#lane-state").replaceChildren(...(lane ? laneState({...lane, places: []}) : [el("p", {class: "muted"}, _("Nothing of the lane is in use, or the service does not answer."))]));
  $("#places-card").hidden = !places.length;
  const busy = document.activeElement?.closest("#places");
  if (!busy) $("#places").replaceChildren(...places.map(row));
}

function row(places) {
  const input = (name, value) => el("input", {type: "number", min: "0", name, value: String(value), "aria-label": name === "count" ? _("Inside") : _("Places")});
  const [count, capacity] = [input("count", places.count), input("capacity", places.capacity || "")];
  capacity.placeholder = _("no limit");
  const save = el("button", {type: "button"}, _("Save"));
  save.addEventListener("click", async () => {
    const body = {capacity: Number(capacity.value)};
    if (count.value !== String(places.count)) body.count = Number(count.value);
    save.focus();
    await change("PUT", `lane/places/${places.list_id}`, body);
  });
  return el("tr", {"data-list": String(places.list_id)}, el("td", {"data-name": _("List")}, places.name || _("Plates on no list")), el("td", {"data-name": _("Inside")}, count), el("td", {"data-name": _("Places")}, capacity),
    el("td", {class: "small"}, places.drift ? placesText(places) : ""), el("td", {}, save));
}

async function change(method, path, body) {
  try {
    const answer = await api(method, path, body);
    document.activeElement?.blur();
    show(answer);
    toast(_("Saved."));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.message);
  }
}

onClick($("#reset"), async () => {
  if (await sure(_("Reset counts"), _("Count nobody as inside from now on?"), _("Reset counts"))) await change("POST", "lane/reset", {});
});

repeat(2000, async () => show(await api("GET", "lane")));
