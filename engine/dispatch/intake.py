"""Intake: takes a passage in: look-up, rules, decision, one commit, and the workers are called. Nothing else is before the gate."""

from __future__ import annotations

import logging
from collections import Counter

from board.kit.clock import Clock
from board.kit.zones import camera_zone
from engine.actions import Kinds, Lane
from engine.dispatch.decision import UNLICENSED, decide, spending
from engine.dispatch.rules import due
from engine.dispatch.workers import Workers
from engine.settings import GeneralSettings, LprSettings
from engine.store import Store
from engine.types import Passage

log = logging.getLogger("passages")


class _Spent(Exception):
    """An entry that was to be counted down has none left: the passage is to be judged again."""


class Intake:
    """`take` may be called again with the same passage: it is stored, and acts, once."""

    def __init__(self, store: Store, kinds: Kinds, workers: dict[Lane, Workers], clock: Clock, licensed: bool = True) -> None:
        self._store = store
        self._kinds = kinds
        self._workers = workers
        self._clock = clock
        self._licensed = licensed

    def take(self, passage: Passage) -> bool:
        """True: new. Returns once it is committed; StoreError: it is not, and nothing will act on it."""
        while True:
            try:
                return self._take(passage)
            except _Spent:  # another car took the last entry meanwhile
                log.info("%s: its last entry was taken meanwhile", passage.plate)

    def _take(self, passage: Passage) -> bool:
        if self._store.passages.has(passage.id):
            return False
        fold = self._store.settings(LprSettings).fold_lookalikes
        zone = camera_zone(self._store.settings(GeneralSettings).time_zone)
        finding = self._store.entries.find(passage.plate, passage.at, fold, zone)
        matches = finding.matches
        rules = self._store.rules()
        deliveries = due(passage, matches, rules, self._kinds, zone, self._clock.now()) if self._licensed else []
        decision = decide(passage, finding, rules, deliveries, self._kinds, zone) if self._licensed else UNLICENSED
        with self._store.transaction():
            added = self._store.add_passage(passage, deliveries, matches, decision)
            if added and passage.plate:
                self._store.counters.add("Results")
            for entry_id in spending(decision, finding, rules, deliveries, self._kinds) if added else ():
                if not self._store.entries.spend(entry_id):
                    raise _Spent
        if not added:
            return False
        waiting = Counter(self._kinds[item.kind].lane for item in deliveries if item.state == "pending")
        for lane in (Lane.FAST, Lane.SLOW):  # the gate's first
            if waiting[lane]:
                self._workers[lane].wake(waiting[lane])
        log.info(
            "%s %.0f %%, %s; %s (%s); %s",
            passage.plate or "no plate",
            passage.confidence,
            ", ".join(match.list.name for match in matches) or "in no list",
            decision.outcome,
            decision.reason,
            ", ".join(f"{item.kind} {item.state}{f': {item.note}' if item.note.key else ''}" for item in deliveries) or "no action",
        )
        return True
