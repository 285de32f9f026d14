"""Loop: one thread waits for all sockets and timers; nothing that it calls may block."""

from __future__ import annotations

import heapq
import itertools
import logging
import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

log = logging.getLogger("loop")

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Pollable(Protocol):
    def fileno(self) -> int: ...


class Loop:
    """`call` is for any thread, everything else for the loop's own."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._selector.register(self._wake, READ, self._woken)
        self._calls: deque[Callable[[], None]] = deque()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def watch(self, sock: Pollable, events: int, ready: Callable[[int], None]) -> None:
        """From now on `ready(events)` is called whenever the socket is ready to be read or written; 0: not any more."""
        known = self._selector.get_map().get(sock.fileno())
        if not events:
            if known is not None:
                self._selector.unregister(sock)
        elif known is None:
            self._selector.register(sock, events, ready)
        else:
            self._selector.modify(sock, events, ready)

    def after(self, seconds: float, then: Callable[[], None]) -> None:
        """Calls `then` once, about so much later."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._numbers), then))

    def call(self, then: Callable[[], None]) -> None:
        """Calls `then` in the loop's thread, soon."""
        self._calls.append(then)
        try:
            os.eventfd_write(self._wake, 1)
        except OSError:
            pass  # closed: nobody calls any more

    def run(self, stop: threading.Event, turn_s: float, turn: Callable[[], None]) -> None:
        """Until `stop` is set, which is looked at every `turn_s`; `turn` is called as often, from this thread."""
        turn_at = 0.0
        while not stop.is_set():
            now = time.monotonic()
            if now >= turn_at:
                turn_at = now + turn_s
                turn()
            until = min(turn_at, self._timers[0][0]) if self._timers else turn_at
            for key, events in self._selector.select(max(0.0, until - now)):
                self._guarded(key.data, events)
            while self._timers and self._timers[0][0] <= time.monotonic():
                self._guarded(heapq.heappop(self._timers)[2])

    def close(self) -> None:
        self._selector.close()
        wake, self._wake = self._wake, -1  # a late `call` must not write into whatever gets this number next
        os.close(wake)

    def _woken(self, events: int) -> None:
        os.eventfd_read(self._wake)
        for _ in range(len(self._calls)):
            self._guarded(self._calls.popleft())

    def _guarded(self, call: Callable[..., None], *values: Any) -> None:
        try:
            call(*values)
        except Exception:  # one client's fault must not end the others
            log.exception("event loop")
