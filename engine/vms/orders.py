"""Orders: what clients of this process order the service to do. A separate thread, started with the first order, asks the
service."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

from board.kit.errors import WireError
from board.kit.loop import Loop
from board.kit.wire import Codec, connect
from board.kit.words import Text
from engine.messages import SERVICE_MESSAGES, Outcome, SetPulse, SwitchOutput

log = logging.getLogger("vms.orders")

MOST_WAITING = 8
MAX_AGE_S = 2.0
WITHIN_S = 5.0
"""Longer than pins may take to answer the service."""

Order = SwitchOutput | SetPulse
Done = Callable[[Outcome], None]


class Orders:
    """`give` is for the loop's thread, and `done` is called in it."""

    def __init__(self, service: Path, loop: Loop) -> None:
        self._service = service
        self._loop = loop
        self._codec = Codec(SERVICE_MESSAGES)
        self._waiting: queue.Queue[tuple[float, Order, Done]] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None

    def give(self, order: Order, done: Done) -> None:
        """An order that comes too late, or while too many wait, is dropped: an output never moves when nobody expects it any
        more."""
        try:
            self._waiting.put_nowait((time.monotonic(), order, done))
        except queue.Full:
            done(Outcome(False, Text("too many orders wait")))
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="orders", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            since_s, order, done = self._waiting.get()
            late = time.monotonic() - since_s > MAX_AGE_S
            outcome = Outcome(False, Text("too many orders wait")) if late else self._ask(order)
            self._loop.call(lambda done=done, outcome=outcome: done(outcome))  # type: ignore[misc]

    def _ask(self, order: Order) -> Outcome:
        try:
            channel = connect(self._service, self._codec)
        except WireError as why:
            log.warning("%s: %s", order.output, why)
            return Outcome(False, why.text)
        try:
            channel.send(order)
            answer = channel.receive(WITHIN_S)
        except WireError as why:
            log.warning("%s: %s", order.output, why)
            return Outcome(False, why.text)
        finally:
            channel.close()
        return answer if isinstance(answer, Outcome) else Outcome(False, Text("the service does not answer"))
