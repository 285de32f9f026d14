"""Inside: who is inside, by what is read here and what other cameras tell, and for whom there is no place."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import StoreError
from board.kit.words import NOTHING, Text, mark
from board.kit.zones import camera_zone
from engine.lists import comparable
from engine.messages import LanePlaces
from engine.settings import GeneralSettings
from engine.settings.lane import COUNTS, PASSBACK, LaneSettings
from engine.store import PassageQuery, Store
from engine.store.occupancy import STRANGERS
from engine.types import FIXED_ROLES, Match, Passage

if TYPE_CHECKING:
    from engine.lane.machine import Effect, Vehicle

log = logging.getLogger("lane")

IS_INSIDE = mark("it is counted as inside since {since}")
LIST_IS_FULL = mark("all {places} places of {list} are taken")
IS_FULL = mark("all {places} places are taken")
NO_PLACE = frozenset({IS_INSIDE, LIST_IS_FULL, IS_FULL})
"""Reasons of those for whom there is no place."""

MOST_LEFT = 256
LATE = timedelta(minutes=1)
"""A camera that tells after so long was away."""


@dataclass(frozen=True, slots=True)
class _Left:
    """A vehicle that left and had not been counted in; `lowered`: by how much the count of the list is less for it."""

    key: str
    at: datetime
    list_id: int
    lowered: int


class Inside:
    """Any thread may call. `happened` as Events.happened (engine/service/events.py); `changed()`: the status has changed."""

    def __init__(self, clock: Clock, settings: LaneSettings, happened: Callable[..., None], changed: Callable[[], None]) -> None:
        self._clock = clock
        self._settings = settings
        self._happened = happened
        self._changed = changed
        self._lock = threading.Lock()
        self._left: deque[_Left] = deque(maxlen=MOST_LEFT)

    @property
    def counts(self) -> bool:
        """Whether this camera counts at all."""
        return self._settings.counts != COUNTS[0]

    def places(self, store: Store) -> tuple[LanePlaces, ...]:
        """Of each list; none where nothing is counted, or while it cannot be read."""
        if not self.counts:
            return ()
        try:
            return tuple(LanePlaces(p.list_id, p.name, p.capacity, p.count, p.drift) for p in store.occupancy())
        except StoreError as why:
            log.debug("%s", why)
            return ()

    def no_place(self, store: Store, passage: Passage, matches: Sequence[Match]) -> Effect | None:
        """The event that tells why the vehicle must not come in: it is inside already, or all places are taken. None: it may, or it
        drives out."""
        from engine.lane.machine import Effect

        settings, occupancy = self._settings, store.occupancy
        if self.way(passage) != "in":
            return None
        since = occupancy.since(passage.plate, is_sure(matches))
        if since is not None:
            if settings.passback != PASSBACK[1]:
                return None
            zone = camera_zone(store.settings(GeneralSettings).time_zone)
            why = Text(IS_INSIDE, {"since": f"{since.astimezone(zone):%Y-%m-%d %H:%M}"})
            return Effect("passback", vehicle_of(passage, matches), why)
        list_id, name = _own_list(matches)
        places = occupancy.of(list_id, name)
        full = NOTHING
        if places.capacity and places.count >= places.capacity:
            full = Text(LIST_IS_FULL, {"places": places.capacity, "list": name or Text("strangers")})
        elif list_id == STRANGERS and settings.places and occupancy.total() >= settings.places:
            full = Text(IS_FULL, {"places": settings.places})
        return Effect("full", vehicle_of(passage, matches), full) if full else None

    def way(self, passage: Passage) -> str:
        """ "in" or "out" for a counted passage, "" if nothing is counted."""
        by_direction = {"approach": "in", "away": "out"}.get(passage.direction, "")
        return {COUNTS[1]: "in", COUNTS[2]: "out", COUNTS[3]: by_direction}.get(self._settings.counts, "")

    def count(self, store: Store, plate: str, matches: Sequence[Match], way: str, age: timedelta = timedelta(0)) -> bool:
        """False: that did not fit what was counted before. `age`: how long ago it was: another camera tells when it can, hours
        later if it was away."""
        list_id, _ = _own_list(matches)
        now, occupancy = self._clock.now(), store.occupancy
        key, at, sure = comparable(plate), now - age, is_sure(matches)
        if way == "in":
            fits = self._left_since(store, plate, at, now) or occupancy.enter(plate, list_id, at, sure)
            why = Text("it came in, and is counted as inside already")
        else:
            before = occupancy.of(list_id).count
            fits = occupancy.leave(plate, list_id, at, sure, now)
            if not fits:
                gone = _Left(key, at, list_id, before - occupancy.of(list_id).count)
                with self._lock:
                    self._left.append(gone)
            why = Text("it left, and had not been counted in")
        if not fits:
            self._happened("passback", plate=plate, why=why)
        self._changed()
        return fits

    def _left_since(self, store: Store, plate: str, came_in: datetime, now: datetime) -> bool:
        """Whether the vehicle, of whom another camera tells late, has left since, so that it is not inside."""
        key = comparable(plate)
        with self._lock:
            gone = next((each for each in self._left if each.key == key and came_in < each.at <= now), None)
        if gone is None:  # perhaps an earlier process counted it
            seen = store.passages(PassageQuery(since=came_in, until=now, plate=plate)) if now - came_in > LATE else ()
            return any(
                self.way(each.passage) == "out"
                and each.decision.outcome in ("opened", "reported")
                and comparable(each.passage.plate) == key
                for each in seen
            )
        store.occupancy.fits_after_all(gone.list_id, gone.lowered, gone.at)
        with self._lock:
            self._left = deque((each for each in self._left if each is not gone), maxlen=MOST_LEFT)
        return True


def vehicle_of(passage: Passage, matches: Sequence[Match]) -> Vehicle:
    """As the lane's logic knows it."""
    from engine.lane.machine import Vehicle

    return Vehicle(passage.id, passage.plate, is_sure(matches))


def _own_list(matches: Sequence[Match]) -> tuple[int, str]:
    """(id, name) of the list whose places it takes; STRANGERS for a plate on none."""
    mine = next((match.list for match in matches if match.list.role not in (*FIXED_ROLES, "black")), None)
    return (mine.id, mine.name) if mine else (STRANGERS, "")


def is_sure(matches: Sequence[Match]) -> bool:
    """Whether a list has the plate exactly as read: then it is not a misread of another."""
    return any(match.entry is not None and not match.entry.is_wildcard and not match.distance for match in matches)
