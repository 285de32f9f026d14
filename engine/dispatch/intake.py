"""Intake: takes a passage in: look-up, rules, decision, one commit, and the workers are called. Nothing else is before the gate."""

from __future__ import annotations

import logging
from collections import Counter
from functools import partial

from board.kit.clock import Clock
from board.kit.words import NOTHING, Text
from board.kit.zones import camera_zone
from engine.actions import Kinds, Lane
from engine.dispatch.asking import Verdict, decided, heed
from engine.dispatch.decision import decide, decide_event
from engine.dispatch.rules import due
from engine.dispatch.workers import Workers
from engine.events import CARS, PLATE
from engine.settings import GeneralSettings, LprSettings
from engine.store import Store
from engine.types import Passage

log = logging.getLogger("passages")


class Intake:
    """`take` may be called again with the same passage: it is stored, and acts, once."""

    def __init__(self, store: Store, kinds: Kinds, workers: dict[Lane, Workers], clock: Clock) -> None:
        self._store = store
        self._kinds = kinds
        self._workers = workers
        self._clock = clock

    def take(self, passage: Passage, happened: Text = NOTHING, verdict: Verdict | None = None) -> bool:
        """True: new. Returns once it is committed; StoreError: it is not, and nothing will act on it. `happened`: what to say of an
        event that is no car; `verdict`: what came of asking about a car."""
        if self._store.passages.has(passage.id):
            return False
        fold = self._store.settings(LprSettings).fold_lookalikes
        matches = self._store.lookup(passage.plate, passage.at, fold) if passage.what in CARS else ()
        rules = self._store.rules()
        zone = camera_zone(self._store.settings(GeneralSettings).time_zone)
        now = self._clock.now()
        deliveries = heed(verdict, due(passage, matches, rules, self._kinds, zone, now), rules, matches, self._kinds, now)
        lapsed = partial(self._store.entries.lapsed, passage.plate, passage.at, fold)
        if passage.what in CARS:
            decision = decided(verdict, decide(passage, matches, rules, deliveries, self._kinds, lapsed, zone), deliveries)
        else:
            decision = decide_event(happened, deliveries, self._kinds)
        with self._store.transaction():
            added = self._store.add_passage(passage, deliveries, matches, decision)
            if added and passage.what == PLATE:
                self._store.counters.add("Results")
            if added and verdict is not None:
                told = self._store.rules.failed if verdict.allowed is None else self._store.rules.succeeded
                told(verdict.rule.id, now, verdict.note)
        if not added:
            return False
        waiting = Counter(self._kinds[item.kind].lane for item in deliveries if item.state == "pending")
        for lane in (Lane.FAST, Lane.SLOW):  # the gate's first
            if waiting[lane]:
                self._workers[lane].wake(waiting[lane])
        log.info(
            "%s %.0f %%, %s; %s (%s); %s",
            passage.plate or passage.what,
            passage.confidence,
            ", ".join(match.list.name for match in matches) or "in no list",
            decision.outcome,
            decision.reason,
            ", ".join(f"{item.kind} {item.state}{f': {item.note}' if item.note.key else ''}" for item in deliveries) or "no action",
        )
        return True
