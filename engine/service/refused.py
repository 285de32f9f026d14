"""Refused: who was refused for what ends by itself, for want of a place or as the barrier was opened for him already, and is read
anew then if he still stands there."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from board.kit.clock import Clock
from board.kit.errors import StoreError, WireError
from engine.messages import ReadAgain
from engine.service.inside import NO_PLACE, Inside, vehicle_of
from engine.service.unopened import RECENT_NS
from engine.store import Store
from engine.types import Match, Passage

if TYPE_CHECKING:
    from engine.lane.machine import Vehicle

log = logging.getLogger("lane")

MOST = 16
NEWEST = 200
"""How many passages are searched for those that the service before refused."""
LOOK_EVERY_S = 2.0
"""For a place for whom was refused for want of one: it is not told here when somebody corrects a count."""

_ShutOut = tuple[Passage, tuple[Match, ...]]


class Refused:
    """Any thread may call. `read_again(message)` asks the engine, WireError if there is none."""

    def __init__(self, clock: Clock, read_again: Callable[[ReadAgain], None]) -> None:
        self._clock = clock
        self._read_again = read_again
        self._lock = threading.Lock()
        self._shut_out: deque[_ShutOut] = deque(maxlen=MOST)
        """For want of a place, oldest first."""
        self._had_opening: deque[Passage] = deque(maxlen=MOST)
        """Because the barrier had been opened for him already."""

    def begin(self, store: Store) -> None:
        """Who was refused so by the service before, and was not read since, may still stand there."""
        from engine.lane.lane import ALREADY

        now_ns, seen = self._clock.monotonic_ns(), set()
        for each in reversed(store.passages.after(store.passages.ends()[1] - NEWEST, NEWEST)):
            passage, reason = each.passage, each.decision.reason.key
            is_newest, is_recent = passage.plate not in seen, 0 <= now_ns - passage.monotonic_ns <= RECENT_NS
            seen.add(passage.plate)
            if each.decision.outcome != "refused" or not (is_newest and is_recent):
                continue
            if reason in NO_PLACE and len(self._shut_out) < MOST:
                self._shut_out.appendleft((passage, store.passages.matches(passage.id)))
            elif reason == ALREADY.reason.key and len(self._had_opening) < MOST:
                self._had_opening.appendleft(passage)

    def shut_out(self, passage: Passage, matches: Sequence[Match]) -> None:
        """It was refused for want of a place."""
        with self._lock:
            self._shut_out.append((passage, tuple(matches)))

    def had_opening(self, passage: Passage) -> None:
        """It was refused because the barrier had been opened for it already."""
        with self._lock:
            self._had_opening.append(passage)

    @property
    def patience_s(self) -> float:
        """How long until it is looked for a place again."""
        return LOOK_EVERY_S if self._shut_out else 60.0

    def look(self, store: Store, inside: Inside) -> None:
        """Whoever stands there since there was no place is read anew when one is free; of several the first."""
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            while self._shut_out and now_ns - self._shut_out[0][0].monotonic_ns > RECENT_NS:
                self._shut_out.popleft()
            waiting = list(self._shut_out)
        try:
            # Twice: a place that became free as the others were looked at is the first one's.
            first = self._first(store, inside, waiting) and self._first(store, inside, waiting)
            if first is not None:
                self._read_again(ReadAgain(first[0].id, first[0].plate))
        except (StoreError, WireError) as why:
            log.debug("%s", why)  # again in a moment
            return
        with self._lock:
            self._shut_out = deque((each for each in self._shut_out if each is not first), maxlen=MOST)

    def _first(self, store: Store, inside: Inside, waiting: Sequence[_ShutOut]) -> _ShutOut | None:
        """The first one for whom there is a place."""
        return next((each for each in waiting if inside.no_place(store, *each) is None), None)

    def ended_unused(self, vehicle: Vehicle, stands: bool) -> None:
        """The vehicle's opening: if it was read meanwhile, and refused for that opening, it may stand there. `stands`: so it does,
        before a barrier that is down."""
        with self._lock:
            read = [each for each in self._had_opening if vehicle_of(each, ()).may_be(vehicle)]
            self._had_opening = deque((each for each in self._had_opening if each not in read), maxlen=MOST)
        asked = [ReadAgain(each.id, each.plate) for each in read[-1:]]
        if stands and not asked and vehicle.passage_id:
            asked = [ReadAgain(vehicle.passage_id, vehicle.plate)]
        for each in asked:
            try:
                self._read_again(each)
            except WireError as why:
                log.debug("%s", why)  # the next engine reads it by itself
