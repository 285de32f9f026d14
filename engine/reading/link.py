"""Link: the engine's connection to the service: connects again by itself, repeats passages until they are stored."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from board.kit.clock import Clock
from board.kit.errors import WireError
from board.kit.wire import Channel, Codec, connect
from board.kit.zones import CameraZone
from engine.messages import (
    SERVICE_MESSAGES,
    EngineHello,
    EngineStatus,
    LiveReads,
    PassageReport,
    PassageStored,
    ReadTold,
    TriggerTaken,
    UseZone,
)
from engine.reading.unstored import Unstored
from engine.types import Passage

log = logging.getLogger("link")

STATUS_EVERY_S = 1.0
REPEAT_AFTER_NS = 5_000_000_000
"""A passage that was not answered is sent again after this; the service knows it by its id."""
MOST_UNSTORED = 1000
MOST_TOLD = 100
RETRY_S = (0.2, 0.5, 1.0, 2.0)
FAULT_AFTER = 10
"""That many vain tries, 16 s, are more than an ordinary restart of the service."""


class Link:
    """Two threads: one sends (and connects), one receives. Nothing here blocks the caller.

    `status()` and `handlers` ({type of a message of the service: who takes it}) are called from these threads and must return at
    once. `zone`: follows the service's. `kept`: what waits for the service outlives this process there; closed with the link."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        status: Callable[[], EngineStatus],
        zone: CameraZone,
        kept: Unstored,
        handlers: Mapping[type, Callable[[Any], None]],
    ) -> None:
        self._path = path
        self._clock = clock
        self._status = status
        self._zone = zone
        self._kept = kept
        self._handlers: dict[type, Callable[[Any], None]] = {**handlers, PassageStored: self._stored, UseZone: self._use_zone}
        self._codec = Codec(SERVICE_MESSAGES)
        self._news = threading.Condition()
        self._closed = threading.Event()
        self._gone = False
        self._status_due = True
        self._live: LiveReads | None = None
        self._answers: list[TriggerTaken] = []
        self._told: deque[ReadTold] = deque(maxlen=MOST_TOLD)
        self._unstored: dict[str, tuple[Passage, int]] = {passage.id: (passage, 0) for passage in kept.found}
        """Passage id -> (passage, CLOCK_MONOTONIC ns when it is to be sent)."""
        self._sender = threading.Thread(target=self._send_loop, name="link", daemon=True)

    def start(self) -> None:
        self._sender.start()

    def report(self, passage: Passage) -> None:
        """Sends the passage now and again until it is stored. Beyond 1000 unstored ones the oldest is given up."""
        with self._news:
            if len(self._unstored) >= MOST_UNSTORED:
                oldest = next(iter(self._unstored))
                log.error("passage %s given up: the service has not stored it, %d are waiting", oldest, MOST_UNSTORED)
                del self._unstored[oldest]
                self._kept.drop(oldest)
            self._kept.keep(passage)
            self._unstored[passage.id] = (passage, 0)
            self._news.notify()

    def unstored(self) -> int:
        """Passages that the service has not stored yet."""
        return len(self._unstored)

    def live(self, reads: LiveReads) -> None:
        """The newest replaces one not yet sent."""
        with self._news:
            self._live = reads
            self._news.notify()

    def tell(self, line: ReadTold) -> None:
        """Of more than MOST_TOLD lines that wait the oldest are left out."""
        with self._news:
            self._told.append(line)
            self._news.notify()

    def answer(self, taken: TriggerTaken) -> None:
        with self._news:
            self._answers.append(taken)
            self._news.notify()

    def show_status(self) -> None:
        """Something in the status changed: it is sent now instead of within the second."""
        with self._news:
            self._status_due = True
            self._news.notify()

    def close(self, timeout_s: float) -> None:
        """Gives what waits to be sent one more chance and ends."""
        self._closed.set()
        with self._news:
            self._news.notify()
        if self._sender.is_alive():
            self._sender.join(timeout_s)
        self._kept.close()

    def _send_loop(self) -> None:
        failures = 0
        while not self._closed.is_set():
            try:
                failures = 0 if self._connection(failures) else failures + 1
            except Exception:  # the thread's top: without it the engine would go on mute
                log.exception("connection to the service")
                failures += 1
            if failures:
                self._closed.wait(RETRY_S[min(failures, len(RETRY_S)) - 1])

    def _connection(self, failures: int) -> bool:
        """One connection from its beginning to its end; False when the service does not listen, `failures` times before. It has
        some seconds to start before that is a fault."""
        try:
            channel = connect(self._path, self._codec)
        except (WireError, OSError) as why:
            if failures in (0, FAULT_AFTER):
                log.log(logging.WARNING if failures else logging.INFO, "no service yet: %s", why)
            return False
        log.info("connected to the service")
        self._gone = False
        receiver = threading.Thread(target=self._receive_loop, args=(channel,), name="link-receive", daemon=True)
        receiver.start()
        try:
            self._serve(channel)
        except WireError as why:
            log.warning("connection to the service lost: %s", why)
        finally:
            self._gone = True
            channel.end()
            receiver.join()  # an order to stop may be the last that the service said
            channel.close()
        return True

    def _serve(self, channel: Channel) -> None:
        channel.send(EngineHello(os.getpid(), self._zone.name))
        with self._news:
            self._unstored = {key: (passage, 0) for key, (passage, _) in self._unstored.items()}
        status_ns = 0
        while True:
            closing = self._closed.is_set()
            now_ns = self._clock.monotonic_ns()
            with self._news:
                messages: list[object] = [PassageReport(passage) for passage, due_ns in self._unstored.values() if due_ns <= now_ns]
                for key, (passage, due_ns) in self._unstored.items():
                    if due_ns <= now_ns:
                        self._unstored[key] = (passage, now_ns + REPEAT_AFTER_NS)
                messages += self._answers
                self._answers.clear()
                messages += [*self._told, *([self._live] if self._live else [])]
                self._told.clear()
                self._live = None
                if self._status_due or now_ns - status_ns >= STATUS_EVERY_S * 1e9:
                    self._status_due, status_ns = False, now_ns
                    messages.append(self._status())
            for message in messages:
                channel.send(message)
            if closing or self._gone:
                return
            with self._news:
                news = self._gone or self._closed.is_set() or self._live or self._answers or self._told or self._status_due
                if not news and all(due_ns > now_ns for _, due_ns in self._unstored.values()):
                    self._news.wait(STATUS_EVERY_S)

    def _receive_loop(self, channel: Channel) -> None:
        while True:
            try:
                message = channel.receive()
            except WireError as why:
                if not (self._gone or self._closed.is_set()):
                    log.warning("service: %s", why)
                break
            handler = self._handlers.get(type(message))
            if handler is not None:
                handler(message)
        with self._news:
            self._gone = True
            self._news.notify()

    def _stored(self, message: PassageStored) -> None:
        with self._news:
            self._unstored.pop(message.passage_id, None)
            self._kept.drop(message.passage_id)

    def _use_zone(self, message: UseZone) -> None:
        log.info("time zone: %s", message.name or "the system's")
        self._zone.name = message.name
