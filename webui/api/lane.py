"""Lane: how the barrier's lane is, its places, and what other cameras of the site tell (docs/lane.md)."""

from __future__ import annotations

from board.kit.settings import Settings, option
from board.kit.web.forms import filled
from board.kit.web.routes import Answer, Call, Partial, Refused, api, data, said
from engine.messages import CameraSaw
from engine.store.occupancy import MOST, STRANGERS
from webui.portal import Portal
from webui.view import shapes
from webui.view.lane import places_of, shown
from webui.view.notes import note_data


class PlacesForm(Settings):
    capacity: int = option(
        0, "Places", "How many vehicles of this list may be inside; 0: no limit.", zero="no limit", ge=0, le=MOST
    )
    count: int | None = option(None, "Inside", "Corrects the count by hand.", ge=0, le=MOST)


class Sighting(Settings):
    camera_id: str = option(..., "Camera id", "Of the camera that tells.", min_length=1, max_length=40)
    event_id: str = option("", "Event id", "Of its passage: a repetition counts once.", max_length=64)
    plate: str = option("", "Plate", "Empty: it only says that it is there.", max_length=20)
    age_ms: int = option(0, "Age", "Of its picture, by its own clock.", unit="ms", ge=0, le=86_400_000)
    lane: str = option(
        "view",
        "Lane",
        "view: it sees the same vehicle; in, out: a vehicle drove in or out where it stands.",
        choices=("view", "in", "out"),
    )


def _lane(portal: Portal, call: Call) -> Answer:
    status, _ = portal.feed.status()
    return data(said({"lane": shown(portal, status.lane if status else None), "places": places_of(portal)}, call.language))


def _put_places(portal: Portal, call: Call) -> Answer:
    list_id = call.id("id")
    if list_id != STRANGERS:
        portal.store.lists.to_fill(list_id)
    stored = portal.store.occupancy.of(list_id)
    wanted = filled(PlacesForm, call.body, {"capacity": stored.capacity, "count": None}, {})
    portal.store.occupancy.put(list_id, wanted.capacity, wanted.count, call.user, portal.clock.now())
    return _lane(portal, call)


def _reset(portal: Portal, call: Call) -> Answer:
    portal.store.occupancy.reset(call.user)
    return _lane(portal, call)


def _saw(portal: Portal, call: Call[object, Sighting]) -> Answer:
    seen = call.body
    outcome = portal.service.outcome(CameraSaw(seen.camera_id, seen.event_id, seen.plate, seen.age_ms, seen.lane))
    if not outcome.ok:
        raise Refused(409, outcome.note)
    return data({"ok": True, **note_data(outcome.note, call.language)})


ROUTES = (
    api("GET", "api/lane", "view", _lane, "How the barrier's lane is, and its places.", reply=shapes.LaneDocument),
    api(
        "PUT",
        "api/lane/places/<id>",
        "lists",
        _put_places,
        "Sets the places of a list (0: of plates on no list), or corrects its count.",
        body=Partial(PlacesForm),
        reply=shapes.LaneDocument,
    ),
    api("POST", "api/lane/reset", "lists", _reset, "Nobody is counted as inside from now on.", reply=shapes.LaneDocument),
    api(
        "POST",
        "api/lane/seen",
        "open",
        _saw,
        "What another camera of the site saw. 409: this camera has no use for it.",
        body=Sighting,
        reply=shapes.Outcome,
    ),
)
