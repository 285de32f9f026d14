"""Intake: takes a passage in: look-up, rules, decision, one commit, then wakes the workers. Nothing else stands before the
gate."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial

from board.kit.clock import Clock
from board.kit.errors import StoreError
from board.kit.words import NOTHING, Text
from engine.actions import Kinds, Lane
from engine.dispatch.anew import judged_by_lists
from engine.dispatch.asking import Verdicts, decided, heed
from engine.dispatch.barrier import Barrier, openers, ruled
from engine.dispatch.bypass import Bypass, Judged, in_time, lists_beside
from engine.dispatch.decision import UNLICENSED, decide, decide_event, spending
from engine.dispatch.outbox import BEGAN
from engine.dispatch.workers import Workers
from engine.events import CARS, PLATE
from engine.store import Store
from engine.types import WAITING, Delivery, Passage

log = logging.getLogger("passages")


class _Spent(Exception):
    """An entry to be counted down has none left: the passage is judged again."""


class Intake:
    """`take` may be called again with the same passage: it is stored, and acts, once. `barrier`: rules on what opens;
    `has_begun(ids of deliveries)`: whether pins began one of them, as pins wrote down itself."""

    def __init__(
        self,
        store: Store,
        kinds: Kinds,
        workers: dict[Lane, Workers],
        clock: Clock,
        licensed: bool = True,
        bypass: Bypass | None = None,
        barrier: Barrier | None = None,
        has_begun: Callable[[Collection[str]], bool] = lambda names: False,
    ) -> None:
        self._store = store
        self._kinds = kinds
        self._workers = workers
        self._bypass = bypass
        self._clock = clock
        self._licensed = licensed
        self._barrier = barrier
        self._has_begun = has_begun
        self._storing: set[str] = set()

    @property
    def storing(self) -> Collection[str]:
        """Passages that wait for the storage alone: what pins does for them does not."""
        return frozenset(self._storing.copy())  # atomic: threads share the set

    def take(self, passage: Passage, happened: Text = NOTHING, verdicts: Verdicts = (), done: tuple[Delivery, ...] = ()) -> bool:
        """True: new. Returns once it is committed. StoreError: it is not; if only the commit failed, the actions that open
        gates are carried out all the same (`bypass`), and the same decision is stored later. `happened`: the text of an event
        without a car; `verdicts`: the outcome of asking about a car; `done`: what was done already, for Audit."""
        while True:
            try:
                return self._take(passage, happened, verdicts, done)
            except _Spent:  # another car took the last entry meanwhile
                log.info("%s: its last entry was taken meanwhile", passage.plate)

    def _take(self, passage: Passage, happened: Text, verdicts: Verdicts, done: tuple[Delivery, ...]) -> bool:
        if self._store.passages.has(passage.id):
            return False
        if self._bypass:
            self._bypass.wait(passage.id)
        held = self._bypass.held(passage.id) if self._bypass else None
        judged = held or self._judge(passage, happened, verdicts, done)
        self._storing.add(passage.id)
        try:
            with self._in_time(judged):
                added = self._commit(judged, is_over=held is not None or judged.is_in)
        except StoreError:
            if self._bypass and judged.decision.outcome != WAITING:
                self._bypass.open(judged)
            raise
        finally:
            self._storing.discard(passage.id)
        if self._bypass:
            self._bypass.stored(passage.id, self._store if held is None else None)
        if added:
            self._call(judged)
        return added

    def _in_time(self, judged: Judged) -> AbstractContextManager[object]:
        waits = any(each.state == "pending" and self._kinds[each.kind].lane is Lane.FAST for each in judged.deliveries)
        if self._bypass is None or judged.decision.outcome == WAITING or not waits:
            return nullcontext()
        return in_time(partial(self._bypass.open, judged, by_pins_alone=True))

    def _judge(self, passage: Passage, happened: Text, verdicts: Verdicts, done: tuple[Delivery, ...]) -> Judged:
        now, now_ns = self._clock.now(), self._clock.monotonic_ns()
        finding, rules, deliveries, zone = judged_by_lists(
            self._store, self._kinds, self._barrier, passage, now, now_ns, licensed=self._licensed
        )
        log.debug("%s: %d of %d actions are due", passage.plate or passage.what, len(deliveries), len(rules))
        deliveries = heed(verdicts, deliveries, rules, finding.matches, self._kinds, now)
        # A service before could not store it, and let it in all the same: what began is not too old.
        begun = {each.id for each in deliveries if each.state == "expired" and self._has_begun([each.id])}
        deliveries = [replace(each, state="pending") if each.id in begun else each for each in deliveries]
        if not self._licensed and not done:
            decision = UNLICENSED
        elif passage.what in CARS:
            decision = decided(verdicts, decide(passage, finding, rules, deliveries, self._kinds, zone), deliveries)
            if self._barrier is not None and not begun:
                mine = openers(deliveries, rules, self._kinds, self._barrier)
                ask = partial(self._barrier.ask, passage, finding.matches, decision)
                deliveries, decision = ruled(deliveries, decision, mine, ask, now)
        else:
            decision = decide_event(happened, rules, deliveries, self._kinds)
        spent = spending(passage, finding, rules, deliveries, self._kinds) if decision.outcome == "opened" else []
        beside = lists_beside(self._store, self._kinds, rules, deliveries, finding.matches)
        is_done = partial(replace, state="done", attempts=1, finished_at=now, note=Text(BEGAN))
        deliveries = [is_done(each) if each.id in begun else each for each in deliveries]
        return Judged(
            passage, finding.matches, decision, (*deliveries, *done), tuple(rules), tuple(spent), beside, verdicts, bool(begun)
        )

    def _commit(self, judged: Judged, is_over: bool) -> bool:
        """False: it was stored before. `is_over`: the car was let in already, however many entries are left."""
        with self._store.transaction():
            added = self._store.add_passage(judged.passage, judged.deliveries, judged.matches, judged.decision)
            if added and judged.passage.what == PLATE:
                self._store.counters.add("Results")
            for verdict in judged.verdicts if added else ():
                told = self._store.rules.failed if verdict.allowed is None else self._store.rules.succeeded
                told(verdict.rule.id, self._clock.now(), verdict.note)
            if added and not self._spend(judged) and not is_over:
                raise _Spent
        return added

    def _spend(self, judged: Judged) -> bool:
        """False: an entry has none left. An entry whose action was carried out already is not given back."""
        done = {each.id for each in judged.deliveries if each.state == "done"}
        spent = [
            self._store.visits.begin(judged.passage.id, entry, () if done.intersection(ids) else ids) for entry, ids in judged.spent
        ]
        return all(spent)

    def _call(self, judged: Judged) -> None:
        """The decision is committed: the workers do the rest."""
        passage, deliveries, decision = judged.passage, judged.deliveries, judged.decision
        waiting = Counter(self._kinds[item.kind].lane for item in deliveries if item.state == "pending")
        for lane in (Lane.FAST, Lane.SLOW):  # the gate's first
            if waiting[lane]:
                self._workers[lane].wake(waiting[lane])
        if self._barrier is not None and passage.what in CARS:
            self._barrier.stored(passage, decision)
        log.info(
            "%s %.0f %%, %s; %s (%s); %s",
            passage.plate or passage.what,
            passage.confidence,
            ", ".join(match.list.name for match in judged.matches) or "in no list",
            decision.outcome,
            decision.reason,
            ", ".join(f"{item.kind} {item.state}{f': {item.note}' if item.note.key else ''}" for item in deliveries) or "no action",
        )
