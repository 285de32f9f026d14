"""Listed: whoever the lists did not let in, and would let in by now, is read anew if he still stands there: his plate was put on a
list, his action was set up or switched on, or his hours have begun."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from board.kit.clock import Clock
from board.kit.errors import StoreError, WireError
from engine import lists as matching
from engine.actions import Kinds
from engine.dispatch.anew import judged
from engine.dispatch.barrier import Barrier
from engine.dispatch.decision import decide
from engine.events import CARS, PLATE
from engine.messages import ReadAgain
from engine.service.unopened import NEWEST, RECENT_NS
from engine.store import DeliveryQuery, Store, StoredPassage
from engine.types import Passage

log = logging.getLogger("service")

BY_HAND = "by_hand"
LOOK_EVERY_NS = 10_000_000_000
"""Hours begin without a change of anything."""


class Listed:
    """`turn` is called about once a second while something can open the gate, `engine_gone` when the engine's connection ended.

    `send(message)`: WireError if there is no engine; `opening(store)`: the rules that open."""

    def __init__(
        self,
        clock: Clock,
        kinds: Kinds,
        send: Callable[[ReadAgain], None],
        barrier: Barrier | None,
        opening: Callable[[Store], Collection[int]],
    ) -> None:
        self._clock = clock
        self._kinds = kinds
        self._send = send
        self._barrier = barrier
        self._opening = opening
        self._told: set[str] = set()
        self._seen = 0
        self._look_ns = 0

    def engine_gone(self) -> None:
        self._told = set()
        self._look_ns = 0

    def turn(self, store: Store) -> None:
        try:
            changes, now_ns = store.changes.newest(), self._clock.monotonic_ns()
            if changes == self._seen and now_ns < self._look_ns:
                return
            found = list(self._shut_out(store))
            self._told &= {each.id for each in found}
            for each in found:
                if each.id not in self._told and self._is_let_in_now(store, each):
                    self._send(ReadAgain(each.id, each.plate))
                    self._told.add(each.id)
        except (StoreError, WireError) as why:
            log.debug("%s", why)  # again in a moment
            return
        self._seen, self._look_ns = changes, now_ns + LOOK_EVERY_NS

    def _shut_out(self, store: Store) -> Iterator[Passage]:
        """Cars that came lately and whom no list let in, the newest first; none that was read once more since. After an opening by
        hand nobody who came before it: he may have been the one whom it was for."""
        now_ns, newer = self._clock.monotonic_ns(), set[str]()
        for each in store.passages.last_stored(NEWEST):
            passage = each.passage
            if passage.what == BY_HAND or (passage.what not in CARS and each.decision.outcome == "opened"):
                return
            if passage.what != PLATE:
                continue
            key = matching.comparable(passage.plate)
            is_newest = newer.isdisjoint((key, *matching.variants(key)))
            newer.add(key)
            if is_newest and 0 <= now_ns - passage.monotonic_ns < RECENT_NS and self._is_of_lists(store, each):
                yield passage

    def _is_of_lists(self, store: Store, stored: StoredPassage) -> bool:
        """Whether its lists and actions alone are why nothing opened: no lane, no server that was asked, no gate that failed."""
        if stored.decision.outcome in ("reported", "withheld"):
            return True
        if stored.decision.outcome != "refused":
            return False
        tried = {each.delivery.rule_id for each in store.deliveries(DeliveryQuery(passage_id=stored.passage.id))}
        return tried.isdisjoint(self._opening(store))

    def _is_let_in_now(self, store: Store, passage: Passage) -> bool:
        passage = replace(passage, at=self._clock.now(), monotonic_ns=self._clock.monotonic_ns())
        finding, rules, deliveries, zone = judged(store, self._kinds, self._barrier, passage)
        return decide(passage, finding, rules, deliveries, self._kinds, zone).outcome == "opened"
