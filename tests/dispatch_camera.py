"""Dispatch camera: the service's way from a passage to what is done for it, without threads and with a test's clock."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from board.kit.clock import TestClock
from engine.actions import Kinds, Lane, find_kinds
from engine.dispatch.barrier import Barrier
from engine.dispatch.bypass import Bypass
from engine.dispatch.intake import Intake
from engine.dispatch.judge import RuleJudge
from engine.dispatch.outbox import Outbox
from engine.dispatch.perform import Performer
from engine.dispatch.workers import Workers
from engine.store import DeliveryQuery, Store
from engine.types import Delivery
from tests.samples import FakePins, environment

KINDS = find_kinds()


def nobody(rule_id: int) -> str:
    return ""


class Camera:
    """A service without threads: its parts over one store, which `crash` leaves as a killed process would."""

    def __init__(self, folder: Path, kinds: Kinds = KINDS, barrier: Barrier | None = None) -> None:
        self.barrier = barrier
        self.folder = folder
        self.clock = TestClock()
        self.pins = FakePins(clock=self.clock)
        self.kinds = kinds
        self.crash()

    def crash(self) -> None:
        self.store = Store(self.folder / "anpr.db", self.clock, RuleJudge(self.kinds))
        self.told: list[Delivery] = []
        self.outbox = Outbox(self.store, self.clock, self.told.append, self.has_begun)
        self.recovered = self.outbox.recover()
        surroundings = environment(self.folder, self.pins, self.clock)
        self.performer = Performer(self.store, self.outbox, self.kinds, surroundings, self.clock, self.barrier)
        workers = {
            lane: Workers(lane, self.kinds, self.outbox, self.performer, self.pins, nobody, self.clock, print) for lane in Lane
        }
        self.bypass = Bypass(self.kinds, surroundings, self.pins, self.clock, self.barrier)
        self.intake = Intake(
            self.store, self.kinds, workers, self.clock, bypass=self.bypass, barrier=self.barrier, has_begun=self.has_begun
        )

    def has_begun(self, names: Collection[str]) -> bool:
        return not set(names).isdisjoint(self.pins.begun)

    def claim(self) -> Delivery | None:
        now = self.clock.now()
        head = next((head for head in self.outbox.heads(tuple(self.kinds)) if self.outbox.is_due(head, now)), None)
        return None if head is None else self.outbox.claim(head)

    def turn(self) -> bool:
        item = self.claim()
        if item is not None:
            tried = self.performer.perform(item)
            if tried.later is not None:
                self.pins.settle(item.id, tried.later)
        return item is not None

    def states(self) -> list[tuple[str, int, str]]:
        found = [one.delivery for one in self.store.deliveries(DeliveryQuery())]
        return [(one.state, one.attempts, str(one.note)) for one in reversed(found)]
