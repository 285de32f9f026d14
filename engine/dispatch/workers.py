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
from board.kit.zones import camera_zone
from board.serial import SerialLines
from engine.actions import ActionEnv, Kinds, Lane, Pins, options_of
from engine.dispatch.outbox import Outbox
from engine.settings import GeneralSettings
from engine.store import Store
from engine.types import Delivery, PlateEvent

THREADS = {Lane.FAST: 4, Lane.SLOW: 4}
"""The manual recommends up to 4 enabled actions; one slow server never holds up another."""

MOST_THREADS = {Lane.FAST: 64, Lane.SLOW: 4}
"""A delayed pulse holds its thread until it begins, up to a minute: as long as all wait so, another is started for the gate."""

PAUSE_S = {Lane.FAST: (0.2, 0.5), Lane.SLOW: (2.0, 300.0)}
"""First and longest pause before the next try: a car waits at the gate, and pins is back within a second or two."""

IDLE_S = 5.0
"""Even without a call, a worker looks into the outbox this often: the wall clock may have been set."""

log = logging.getLogger("actions")


class Performer:
    """Carries out one delivery and writes down how it went."""

    def __init__(
        self, store: Store, outbox: Outbox, kinds: Kinds, pins: Pins, serial: SerialLines, images: Path, clock: Clock
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._kinds = kinds
        self._pins = pins
        self._serial = serial
        self._images = images
        self._clock = clock

    def perform(self, item: Delivery) -> None:
        """Raises StoreError only."""
        stored = self._store.passages.get(item.passage_id)
        rule = self._store.rules.get(item.rule_id)
        if stored is None or rule is None or not rule.enabled:
            self._give_up(item, "failed", "the action was switched off or deleted before it was carried out")
            return
        passage = stored.passage
        try:
            kind, options = options_of(self._kinds, rule.kind, rule.options)
        except ConfigError as why:
            self._give_up(item, "failed", str(why))
            return
        matches = self._store.passages.matches(passage.id)
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
            serial=self._serial,
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
            self._outbox.retry(item, str(why), *PAUSE_S[kind.lane])
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
        self._threads = [self._thread() for _ in range(THREADS[lane])]

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
        with self._changed:
            threads = list(self._threads)
        self.wake(len(threads))
        end = time.monotonic() + wait_s
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _thread(self) -> threading.Thread:
        return threading.Thread(target=self._run, name=self._lane.value, daemon=True)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if not self._work():
                    return
            except StoreError as why:
                log.error("outbox: %s", why)
                self._on_problem(str(why))
                self._clock.wait(self._stop, 1.0)
            except Exception:  # the thread's top: the gate must open for the next car
                log.exception("%s lane", self._lane.value)
                self._clock.wait(self._stop, 1.0)

    def _work(self) -> bool:
        """One delivery, or the wait for it; False: this thread is one too many."""
        with self._changed:
            calls = self._calls
            busy_rules = self._busy if self._lane is Lane.SLOW else ()
            item = self._outbox.claim(self._kinds, busy_rules)
            if item is None:
                if len(self._threads) - len(self._busy) > THREADS[self._lane]:
                    self._threads.remove(threading.current_thread())
                    return False
                due_at = self._outbox.next_try_at(self._kinds, busy_rules)
                wait_s = IDLE_S if due_at is None else (due_at - self._clock.now()).total_seconds()
                if calls == self._calls and not self._stop.is_set():
                    self._changed.wait(min(max(wait_s, 0.05), IDLE_S))
                return True
            self._busy.append(item.rule_id)
            self._keep_one_free()
        try:
            self._settle(item)
        finally:
            with self._changed:
                self._busy.remove(item.rule_id)
                self._changed.notify()
        return True

    def _keep_one_free(self) -> None:
        if len(self._busy) < len(self._threads) or len(self._threads) >= MOST_THREADS[self._lane]:
            return
        thread = self._thread()
        try:
            thread.start()
        except RuntimeError as why:  # the system gives no more: this delivery goes on all the same
            log.error("%s lane: %s", self._lane.value, why)
            return
        self._threads.append(thread)

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
                self._outbox.retry(item, "the store could not be written", *PAUSE_S[self._lane])
            except StoreError:
                continue
            return
