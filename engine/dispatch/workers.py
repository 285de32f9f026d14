"""Workers: threads that carry out deliveries, FAST ones at the gate and SLOW ones over networks, apart from one another."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from board.kit.clock import Clock
from board.kit.errors import ConfigError, DeliveryError, StoreError
from engine.actions import ActionEnv, Kinds, Lane, Pins, options_of
from engine.dispatch.outbox import Outbox
from engine.dispatch.rules import camera_zone
from engine.settings import GeneralSettings
from engine.store import Store
from engine.types import Delivery, PlateEvent

THREADS = {Lane.FAST: 4, Lane.SLOW: 4}
"""The manual recommends up to 4 enabled actions; one slow server never holds up another (nor a delayed pulse)."""

FIRST_PAUSE_S = {Lane.FAST: 0.2, Lane.SLOW: 2.0}

IDLE_S = 5.0
"""Even without a call, a worker looks into the outbox this often: the wall clock may have been set."""

log = logging.getLogger("actions")


class Performer:
    """Carries out one delivery and writes down how it went."""

    def __init__(self, store: Store, outbox: Outbox, kinds: Kinds, pins: Pins, images: Path, clock: Clock) -> None:
        self._store = store
        self._outbox = outbox
        self._kinds = kinds
        self._pins = pins
        self._images = images
        self._clock = clock

    def perform(self, item: Delivery) -> None:
        """Raises StoreError only."""
        stored = self._store.passage(item.passage_id)
        rule = self._store.rule(item.rule_id)
        if stored is None or rule is None or not rule.enabled:
            self._give_up(item, "failed", "the action was switched off or deleted before it was carried out")
            return
        passage = stored.passage
        try:
            kind, options = options_of(self._kinds, rule.kind, rule.options)
        except ConfigError as why:
            self._give_up(item, "failed", str(why))
            return
        matches = self._store.matches(passage.id)
        match = next((match for match in matches if match.list.id == rule.list_id), None)
        if match is None:
            self._give_up(item, "failed", "the action was moved to a list that the plate was not in")
            return
        now, now_ns = self._clock.now(), self._clock.monotonic_ns()
        left_ns = round((item.not_after - now) / timedelta(microseconds=1)) * 1000
        if kind.lane is Lane.FAST:
            # The wall clock may have been set since (a Pi has no battery for it), the monotonic one starts anew with each boot:
            # a gate opens only when both say that the car is still there.
            age_ns = now_ns - passage.monotonic_ns
            left_ns = min(left_ns, round(kind.max_age_s * 1e9) - age_ns) if age_ns >= 0 else 0
        if left_ns <= 0:
            self._give_up(item, "expired", item.note or "too late")
            return
        general = self._store.settings(GeneralSettings)
        env = ActionEnv(
            clock=self._clock,
            pins=self._pins,
            images=self._images,
            device_name=general.device_name,
            time_zone=camera_zone(general.time_zone),
            delivery_id=item.id,
            not_after=item.not_after,
            not_after_ns=now_ns + left_ns,
        )
        try:
            note = kind.deliver(PlateEvent(passage, matches, match), options, env)
        except DeliveryError as why:
            log.warning("%s %r for %s, try %d: %s", rule.kind, rule.name, passage.plate, item.attempts, why)
            self._outbox.retry(item, str(why), FIRST_PAUSE_S[kind.lane])
        except ConfigError as why:
            self._give_up(item, "failed", str(why))
        except Exception as why:  # a kind's own mistake must not end the worker
            log.exception("%s %r for %s", rule.kind, rule.name, passage.plate)
            self._give_up(item, "failed", f"unexpected error: {type(why).__name__}")
        else:
            self._outbox.done(item, note)
            age_ms = (self._clock.monotonic_ns() - passage.monotonic_ns) / 1e6
            log.info("%s %r for %s: %s, %.0f ms after the picture", rule.kind, rule.name, passage.plate, note, age_ms)

    def _give_up(self, item: Delivery, state: str, note: str) -> None:
        log.error("%s delivery %s %s: %s", item.kind, item.id, state, note)
        self._outbox.give_up(item, state, note)


class Workers:
    """The threads of one lane. In the SLOW lane a rule has one delivery on its way at a time, so that a dead server takes up
    one thread and no more."""

    def __init__(
        self,
        lane: Lane,
        kinds: Kinds,
        outbox: Outbox,
        perform: Callable[[Delivery], None],
        clock: Clock,
        on_problem: Callable[[str], None],
    ) -> None:
        self._lane = lane
        self._kinds = [kind.name for kind in kinds.values() if kind.lane is lane]
        self._outbox = outbox
        self._perform = perform
        self._clock = clock
        self._on_problem = on_problem
        self._changed = threading.Condition()
        self._calls = 0
        self._busy: list[int] = []
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"{lane.value}-{number}", daemon=True) for number in range(THREADS[lane])
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wake(self, deliveries: int = 1) -> None:
        """So many new deliveries lie in the outbox."""
        with self._changed:
            self._calls += 1
            self._changed.notify(deliveries)

    def stop(self, wait_s: float = 1.0) -> None:
        """Takes nothing new; what is on its way is tried again by the next process."""
        self._stop.set()
        self.wake(len(self._threads))
        end = time.monotonic() + wait_s
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._work()
            except StoreError as why:
                log.error("outbox: %s", why)
                self._on_problem(str(why))
                self._clock.wait(self._stop, 1.0)
            except Exception:  # the thread's top: the gate must open for the next car
                log.exception("%s lane", self._lane.value)
                self._clock.wait(self._stop, 1.0)

    def _work(self) -> None:
        with self._changed:
            calls = self._calls
            busy_rules = self._busy if self._lane is Lane.SLOW else ()
            item = self._outbox.claim(self._kinds, busy_rules)
            if item is None:
                due_at = self._outbox.next_try_at(self._kinds, busy_rules)
                wait_s = IDLE_S if due_at is None else (due_at - self._clock.now()).total_seconds()
                if calls == self._calls and not self._stop.is_set():
                    self._changed.wait(min(max(wait_s, 0.05), IDLE_S))
                return
            self._busy.append(item.rule_id)
        try:
            self._settle(item)
        finally:
            with self._changed:
                self._busy.remove(item.rule_id)
                self._changed.notify()

    def _settle(self, item: Delivery) -> None:
        try:
            self._perform(item)
        except StoreError as why:
            # It may have been carried out: it stays "sending", and is repeated under its id once the store works again.
            log.error("delivery %s: %s", item.id, why)
            self._on_problem(str(why))
            self._put_back(item)

    def _put_back(self, item: Delivery) -> None:
        while not self._clock.wait(self._stop, 1.0):
            try:
                self._outbox.retry(item, "the store could not be written", FIRST_PAUSE_S[self._lane])
            except StoreError:
                continue
            return
