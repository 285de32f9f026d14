"""Unopened: tells the engine which cars were to be let in and were not, or were refused by a clock that was wrong, so that it reads
those that still stand there again."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection
from functools import partial

from board.kit.clock import Clock
from board.kit.errors import StoreError, WireError
from engine.messages import ReadAgain
from engine.store import Store
from engine.store.deliveries import Unopened as Car

log = logging.getLogger("service")

NEWEST = 20
"""How many passages are examined: an older car has gone."""

JUMP_S = 60.0
"""A clock that is set by more was wrong: at the boot of a board without a battery, until a time server answers."""
AT_ONCE = 2
"""So often a car is read anew at once; the engine does so three times: the last one is for when the lane is free."""
NEXT_NS = 5_000_000_000
"""Of several that waited so, the next one is read anew so much later: by then the one before it has the lane."""
RECENT_NS = 600_000_000_000
"""A car that came longer before has gone."""


class Unopened:
    """`turn` is called about once a second while something can open the gate, `engine_gone` when the engine's connection ended.

    `kinds`: the kinds that open gates; `has_begun(ids of deliveries)`: whether pins began one of them although nobody recorded it;
    `rules(store)`: the rules that open; `keeps_waiting()`: whether a car that is read now would only wait for the lane."""

    def __init__(
        self,
        kinds: Collection[str],
        send: Callable[[ReadAgain], None],
        has_begun: Callable[[Collection[str]], bool],
        clock: Clock,
        rules: Callable[[Store], Collection[int]],
        keeps_waiting: Callable[[], bool] = lambda: False,
    ) -> None:
        self._kinds = kinds
        self._rules = rules
        self._keeps_waiting = keeps_waiting
        self._read_anew: deque[tuple[int, str]] = deque(maxlen=NEWEST * AT_ONCE)
        self._clock = clock
        self._looked = clock.now(), clock.monotonic_ns()
        self._was_set = False
        self._send = send
        self._has_begun = has_begun
        self._told: set[str] = set()
        self._held: set[str] = set()
        self._next_ns = 0

    def engine_gone(self) -> None:
        self._told = set()
        self._read_anew.clear()

    def turn(self, store: Store) -> None:
        try:
            found = store.deliveries.unopened(self._kinds, NEWEST, partial(self._rules, store))
        except StoreError as why:
            log.debug("%s", why)
            return
        for each in found:
            if each.passage_id in self._told:
                continue
            if not self._has_begun(each.deliveries):
                if self._must_wait(each):
                    continue
                try:
                    self._send(ReadAgain(each.passage_id, each.plate))
                except WireError:
                    return  # no engine: the next one is told
                now_ns = self._clock.monotonic_ns()
                self._read_anew.append((now_ns, each.plate))
                if each.passage_id in self._held:
                    self._held.discard(each.passage_id)
                    self._next_ns = now_ns + NEXT_NS
            self._told.add(each.passage_id)
        self._told &= {each.passage_id for each in found}
        self._held &= {each.passage_id for each in found}
        self._look_at_the_clock(store)

    def _must_wait(self, car: Car) -> bool:
        """Whether it was read anew already as often as goes at once, and the lane is taken, or about to be by the one before it."""
        now_ns = self._clock.monotonic_ns()
        if sum(plate == car.plate and now_ns - at_ns < RECENT_NS for at_ns, plate in self._read_anew) < AT_ONCE:
            return False
        if self._keeps_waiting():
            self._held.add(car.passage_id)
            return True
        return car.passage_id in self._held and now_ns < self._next_ns

    def _look_at_the_clock(self, store: Store) -> None:
        (then, then_ns), (now, now_ns) = self._looked, (self._clock.now(), self._clock.monotonic_ns())
        self._looked = now, now_ns
        self._was_set = self._was_set or abs((now - then).total_seconds() - (now_ns - then_ns) / 1e9) > JUMP_S
        if not self._was_set:
            return
        try:
            for each in store.passages.after(store.passages.ends()[1] - NEWEST, NEWEST):
                passage = each.passage
                if passage.plate and each.decision.outcome == "refused" and 0 <= now_ns - passage.monotonic_ns < RECENT_NS:
                    self._send(ReadAgain(passage.id, passage.plate))
        except (StoreError, WireError) as why:
            log.debug("%s", why)  # again in a moment
            return
        self._was_set = False
