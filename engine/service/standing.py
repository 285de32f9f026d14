"""Standing: whoever stands there and was not let in is read anew once he would be: what was to open did not, a list lets him in by
now, there is a place for him, or the opening for which he was refused has ended without him."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

from board.kit.clock import Clock
from board.kit.errors import StoreError, WireError
from engine import lists as matching
from engine.actions import Kinds, Lane
from engine.dispatch.anew import judged_by_lists
from engine.dispatch.decision import NEAR, decide
from engine.dispatch.workers import names_of
from engine.events import CARS, PLATE
from engine.messages import ReadAgain
from engine.service.inside import NO_PLACE, is_sure
from engine.service.lane import LaneKeeper
from engine.store import DeliveryQuery, Store, StoredPassage
from engine.types import WAITING, Match, Passage

log = logging.getLogger("service")

NEWEST = 20
"""How many passages are examined: an older car has gone, unless it was examined as one of those that wait for a place."""
RECENT_NS = 600_000_000_000
"""A car that came longer before has gone."""
AT_ONCE = 2
"""So often a car is read anew at once; the engine does so three times: the last one is for when the lane is free."""
NEXT_NS = 5_000_000_000
"""Of several that waited for the lane or a place, the next one is read anew so much later: by then the one before it has that."""
LISTS_EVERY_S = 10.0
"""Hours begin without a change of anything, and a clock is set."""

BY_HAND = "by_hand"


class Standing:
    """`turn` is called about once a second while something can open the gate, `engine_gone` when the engine's connection ended.

    `send(message)`: WireError if there is no engine; `has_begun(ids of deliveries)`: whether pins began one of them although nobody
    recorded it."""

    def __init__(
        self,
        clock: Clock,
        kinds: Kinds,
        send: Callable[[ReadAgain], None],
        has_begun: Callable[[Collection[str]], bool],
        lane: LaneKeeper,
    ) -> None:
        self._clock = clock
        self._kinds = kinds
        self._gates = names_of(kinds, Lane.FAST)
        self._send = send
        self._has_begun = has_begun
        self._lane = lane
        self._next_ns = 0
        self._lists_at = clock.now()
        self._kept_out: Sequence[StoredPassage] = ()
        self._in_line: Sequence[tuple[StoredPassage, tuple[Match, ...]]] = ()
        """Those of them whom their lists let in, with these."""
        self._is_one_waiting = False
        """A car waited as they were looked at: what has become of it is no new passage."""
        self._came: Mapping[str, int] = {}
        """Plate -> when the car was read first of those that came lately and were not let in since, or after it went back and came
        again."""
        lane.before_asking(self._keep_places)
        self.engine_gone()

    def engine_gone(self) -> None:
        self._told = deque[str](maxlen=4 * NEWEST)
        self._seen = (0, 0)

    def turn(self, store: Store) -> None:
        try:
            self._look_who_was_refused(store)  # first: his opening has ended, and others waited for that
            self._look_what_stayed_shut(store)
        except (StoreError, WireError) as why:
            log.debug("%s", why)  # again in a moment

    def _tell(self, store: Store, passage: Passage, has_waited: bool = False) -> None:
        self._send(ReadAgain(passage.id, passage.plate))
        self._told.append(passage.id)
        stands = self._keep_place(passage, store.passages.matches(passage.id))
        if has_waited and stands:
            self._next_ns = self._clock.monotonic_ns() + NEXT_NS

    def _may_stand(self, passage: Passage) -> bool:
        """False: it came long before by both clocks. One of them alone says so of what an engine that died had not told yet
        (engine/reading/unstored.py), and of what came before the clock was set."""
        age_ns, age_s = self._clock.monotonic_ns() - passage.monotonic_ns, (self._clock.now() - passage.at).total_seconds()
        return min(age_ns, age_s * 1e9) < RECENT_NS

    def _opening(self, store: Store) -> Collection[int]:
        """The rules that open."""
        return self._lane.opening(store, self._kinds)

    # --- what was to open did not -------------------------------------------------------------------------------------

    def _look_what_stayed_shut(self, store: Store) -> None:
        for each in store.deliveries.unopened(self._gates, NEWEST, partial(self._opening, store), partial(_are_one, store)):
            found = store.passages.get(each.passage_id) if each.passage_id not in self._told else None
            if found is None or found.decision.reason.key in NO_PLACE:  # he waited, and is read anew once there is one
                continue
            passage = found.passage
            if self._has_begun(each.deliveries):
                self._told.append(passage.id)
            elif self._lane.has_other_read(passage, store.passages.matches(passage.id)):
                continue
            elif each.times < AT_ONCE:
                self._tell(store, passage)
            elif not self._lane.keeps_waiting(passage.plate) and self._clock.monotonic_ns() >= self._next_ns:
                self._tell(store, passage, has_waited=True)

    # --- refused ------------------------------------------------------------------------------------------------------

    def _look_who_was_refused(self, store: Store) -> None:
        seen, now = (store.changes.newest(), store.passages.ends()[1]), self._clock.now()
        lists = seen[0] != self._seen[0] or not 0 <= (now - self._lists_at).total_seconds() < LISTS_EVERY_S
        if lists or seen != self._seen or self._is_one_waiting:
            self._kept_out, unlisted = self._refused(store)
            judged = ((each, *self._judged(store, each)) for each in self._kept_out)
            self._in_line = [(each, matches) for each, opened, matches in judged if opened]
            for each in unlisted if lists else ():
                if self._is_of_lists(store, each) and self._is_let_in_now(store, each):
                    self._tell(store, each.passage)
            self._seen, self._lists_at = seen, now if lists else self._lists_at
        # Twice: a place that became free as the others were looked at is the first one's.
        first = self._first(store) and self._first(store)
        if first is not None and (first.decision.reason.key not in NO_PLACE or self._clock.monotonic_ns() >= self._next_ns):
            self._tell(store, first.passage, has_waited=True)
        self._keep_places(store)

    def _keep_places(self, store: Store) -> None:
        """Those whom the lane keeps out no longer stand before whoever comes, until it is their turn to be read anew: the barrier
        would open for that one, and they would drive in. Any thread may call."""
        try:
            stands_since_ns = self._lane.nobody_ns
            for each, matches in self._in_line if self._in_line and self._lane.knows_who_goes_back else ():
                stands = each.passage.monotonic_ns > stands_since_ns and each.passage.id not in self._told
                if stands and not self._lane.keeps_out(store, each, matches):
                    self._keep_place(each.passage, matches)
        except StoreError as why:
            log.debug("%s", why)

    def _keep_place(self, passage: Passage, matches: Sequence[Match]) -> bool:
        """False: it has gone, as far as anybody knows."""
        came_ns = self._came.get(matching.comparable(passage.plate), passage.monotonic_ns)
        return self._may_stand(passage) and self._lane.reads_anew(passage, matches, came_ns)

    def _refused(self, store: Store) -> tuple[list[StoredPassage], list[StoredPassage]]:
        """(Those whom the lane keeps out, who came first first; those whom no list let in, oldest first) of the cars that came
        lately, each by its newest passage. After an opening by hand none of the latter who came before it: he may have been the one
        whom it was for."""
        from engine.lane.lane import ALREADY

        kept_out, unlisted = deque[StoredPassage](), deque[StoredPassage]()
        now_ns, nobody_ns, somebody = self._clock.monotonic_ns(), self._lane.nobody_ns, False
        cars, newer, came, let_in = dict[str, str](), dict[str, str](), dict[str, int](), set[str]()
        self._is_one_waiting = False
        for each in store.passages.last_stored(NEWEST):
            passage, decision = each.passage, each.decision
            somebody |= passage.what == BY_HAND or (passage.what not in CARS and decision.outcome == "opened")
            self._is_one_waiting |= decision.outcome == WAITING
            if passage.what != PLATE:
                continue
            key = matching.comparable(passage.plate)
            read = matching.newer_read(key, passage.id, newer, partial(_are_one, store))
            is_newest, car = not read, cars[read] if read else key
            newer.setdefault(key, passage.id)
            cars.setdefault(key, car)
            if not 0 <= now_ns - passage.monotonic_ns < RECENT_NS:
                continue
            if not is_newest and car not in let_in and decision.outcome == "opened" and self._was_let_in(store, passage):
                let_in.add(car)
            came_back = passage.monotonic_ns <= nobody_ns < came.get(car, 0)
            if car not in let_in and not came_back:
                came[car] = passage.monotonic_ns
            if not is_newest:
                continue
            if decision.outcome == "refused" and decision.reason.key in (*NO_PLACE, ALREADY.reason.key):
                kept_out.appendleft(each)
            elif not somebody and decision.outcome in ("reported", "withheld", "refused"):
                unlisted.appendleft(each)
        for each in self._kept_out:  # who stands there for minutes, while others come and go
            key, came_ns = matching.comparable(each.passage.plate), self._came[matching.comparable(each.passage.plate)]
            read = matching.newer_read(key, each.passage.id, newer, partial(_are_one, store))
            if read:
                car = cars[read]
                if car in came and car not in let_in and not came_ns <= nobody_ns < came[car]:
                    came[car] = min(came[car], came_ns)
            elif (
                each.decision.reason.key in NO_PLACE
                and nobody_ns < each.passage.monotonic_ns
                and now_ns - each.passage.monotonic_ns < RECENT_NS
                and len(kept_out) < NEWEST
            ):
                kept_out.append(each)
                came[key] = came_ns
        self._came = came
        return sorted(kept_out, key=lambda each: came[matching.comparable(each.passage.plate)]), list(unlisted)

    def _first(self, store: Store) -> StoredPassage | None:
        """The first one of those whom the lane keeps out no longer."""
        return next((each for each in self._kept_out if self._is_let_in_now(store, each)), None)

    def _was_let_in(self, store: Store, passage: Passage) -> bool:
        """False: what was to open did not."""
        done = {each.delivery.rule_id for each in store.deliveries(DeliveryQuery(passage_id=passage.id, state="done"))}
        return not done.isdisjoint(self._opening(store))

    def _is_of_lists(self, store: Store, stored: StoredPassage) -> bool:
        """Whether its lists and actions alone are why nothing opened: no lane, no server that was asked, no gate that failed."""
        if stored.decision.outcome != "refused":
            return True
        tried = {each.delivery.rule_id for each in store.deliveries(DeliveryQuery(passage_id=stored.passage.id))}
        return tried.isdisjoint(self._opening(store))

    def _is_let_in_now(self, store: Store, stored: StoredPassage) -> bool:
        opened, matches = (False, ()) if stored.passage.id in self._told else self._judged(store, stored)
        return opened and not self._lane.keeps_out(store, stored, matches)

    def _judged(self, store: Store, stored: StoredPassage) -> tuple[bool, tuple[Match, ...]]:
        """(Whether its lists and actions of now let it in, the lists that it is on)."""
        now, now_ns = self._clock.now(), self._clock.monotonic_ns()
        passage = replace(stored.passage, at=now, monotonic_ns=now_ns)
        finding, rules, deliveries, zone = judged_by_lists(store, self._kinds, self._lane, passage, now, now_ns)
        outcome = decide(passage, finding, rules, deliveries, self._kinds, zone).outcome
        return outcome == "opened", finding.matches


def _are_one(store: Store, one: str, newer: str) -> bool:
    """Whether what became of the newer passage, whose plate differs in a character that is often misread, tells what became of the
    car of the other: not where lists have both plates, nor where it was kept out for that character alone."""
    found = store.passages.get(newer)
    if found is not None and found.decision.outcome != "opened" and found.decision.reason.key in NEAR:
        return False
    return not (is_sure(store.passages.matches(one)) and is_sure(store.passages.matches(newer)))
