// Lane state: the barrier's lane in words, on the Live tab and the Lane tab.
import {el, moment} from "./portal.js";
import {_} from "./words.js";

/** Nodes for a lane as the API tells it (`lane` of api/lane and of the status). */
export function laneState(lane) {
  const said = [el("p", {id: "lane-words"}, el("b", {}, lane.state), ...(lane.plate ? [" · ", el("span", {class: "as-seen"}, lane.plate)] : []), el("span", {class: "muted"}, ` · ${moment(lane.since_local)}`))];
  if (lane.waiting.length) said.push(el("p", {}, _("Waiting: {plates}", { plates: lane.waiting.join(", ") })));
  for (const fault of lane.faults) said.push(el("p", {class: "badge bad"}, fault));
  if (lane.second_camera) said.push(el("p", {class: "muted"}, lane.second_camera));
  for (const places of lane.places.filter((each) => each.count || each.capacity || each.drift)) said.push(el("p", {}, placesText(places)));
  return said;
}

/** "WHITELIST: 12 of 40 inside". */
export function placesText({name, count, capacity, drift}) {
  const list = name || _("Plates on no list");
  const text = capacity ? _("{list}: {count} of {capacity} inside", { list, count, capacity }) : _("{list}: {count} inside", { list, count });
  return drift ? `${text} · ${_("the count may be off by {drift}", { drift })}` : text;
}
