"""Subscription: keeps a connection to the service over which it pushes what happens, and makes it again by itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from board.kit.clock import Clock
from board.kit.errors import WireError
from board.kit.wire import Channel, Codec, connect
from engine.messages import SERVICE_MESSAGES, Outcome, PassageEvent, Subscribe, Subscribed

log = logging.getLogger("subscription")

RETRY_S = (0.2, 0.5, 1.0, 2.0)
"""Pauses before the 1st, 2nd ... try in a row to connect; the last one from then on."""

LOOK_S = 1.0


class Subscription:
    """One thread. `take(message)` gets each pushed message (engine/messages.py: TOPICS), in its order, from that thread; also each
    Subscribed: what happened before it and was not sent is missed, but for passages.

    `after`: row of the last passage that the caller has; -1: it has none, and gets the `last` newest ones first. A passage counts
    as taken when `take` has returned: one that raised is logged and not sent again."""

    def __init__(
        self,
        service: Path,
        topics: Collection[str],
        take: Callable[[Any], None],
        clock: Clock,
        after: int = -1,
        last: int = 0,
    ) -> None:
        self._service = service
        self._topics = tuple(topics)
        self._take = take
        self._clock = clock
        self._after = after
        self._last = last
        self._codec = Codec(SERVICE_MESSAGES)
        self._lock = threading.Lock()
        self._channel: Channel | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="subscription", daemon=True)

    @property
    def connected(self) -> bool:
        return self._channel is not None

    @property
    def after(self) -> int:
        """Row of the last passage that was taken; -1: none yet."""
        return self._after

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout_s: float = 2.0) -> None:
        self._stop.set()
        with self._lock:
            channel = self._channel
        if channel is not None:
            channel.close()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            began = False
            try:
                for message in self._messages():
                    began = True
                    self._handle(message)
            except WireError as why:
                if (began or failures == 0) and not self._stop.is_set():  # else it was closed here
                    log.info("service: %s", why)
            except Exception:  # the thread's top
                log.exception("subscription")
            failures = 0 if began else failures + 1
            self._clock.wait(self._stop, RETRY_S[min(failures, len(RETRY_S) - 1)])

    def _messages(self) -> Any:
        """What one connection brings, until it ends (WireError) or this object is closed."""
        channel = connect(self._service, self._codec)
        with self._lock:
            self._channel = channel
        try:
            channel.send(Subscribe(self._topics, self._after, self._last))
            while not self._stop.is_set():
                message = channel.receive(LOOK_S)
                if isinstance(message, Outcome):
                    raise WireError("the subscription is refused: {note}", note=message.note)
                if message is not None:
                    yield message
        finally:
            with self._lock:
                self._channel = None
            channel.close()

    def _handle(self, message: Any) -> None:
        if isinstance(message, Subscribed) and message.newest >= 0 and not 0 <= self._after <= message.newest:
            self._after = max(0, message.newest - self._last)
        try:
            self._take(message)
        except Exception:  # what one message does to its taker must not end the connection, nor come again with the next
            log.exception("%s", type(message).__name__)
        if isinstance(message, PassageEvent):
            self._after = message.row
