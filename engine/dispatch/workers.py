"""Workers: threads that carry out deliveries, FAST ones at the gate and SLOW ones over networks, apart from one another."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from board.kit.clock import Clock
from board.kit.errors import DeliveryError, StoreError
from board.kit.words import Text
from board.types import PinsDone
from engine.actions import Kinds, Lane, Pins
from engine.dispatch.outbox import Outbox
from engine.dispatch.perform import PAUSE_S, Tried
from engine.types import Delivery

THREADS = {Lane.FAST: 4, Lane.SLOW: 4}
"""The manual recommends up to 4 enabled actions; one slow server never holds up another."""

IDLE_S = 5.0
"""Even without a call, a worker looks into the outbox this often: the wall clock may have been set."""

log = logging.getLogger("actions")


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
