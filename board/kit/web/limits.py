"""Limits: how much of the server one stranger may take: connections, time, threads, log lines."""

from __future__ import annotations

import logging
import os
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from board.kit.dataclass import dataclass

T = TypeVar("T")
Share = tuple[str, int]
"""(name, how many requests with that name may be carried out at once)."""


def streams_for(memory_bytes: int) -> int:
    """How many streams a machine may have open: for 20 viewers on a small board, for 100 on a desktop machine, two for each."""
    return 44 if memory_bytes < 3 << 30 else 220


def memory_bytes() -> int:
    """Of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server gives. The head of a request must be complete within `head_s`. A body or an answer may stand still for
    `head_s`; each byte that moves gives back the time that it takes at `least_bytes_per_s`, but never more than `head_s`. A
    request that waits longer than `queue_s` for its thread is answered with 503."""

    threads: int
    connections: int = 256
    connections_per_address: int = 64
    streams: int = 0
    streams_per_address: int = 0
    """Answers without an end; a browser that shows the Live tab has two."""
    parked: int = 0
    parked_s: float = 120.0
    """Requests that wait for another server without a thread, for at most so long."""
    max_body_bytes: int = 1 << 20
    head_s: float = 10.0
    idle_s: float = 60.0
    queue_s: float = 20.0
    least_bytes_per_s: int = 4_096
    handshakes: int = 40
    handshakes_per_address: int = 15
    """Of TLS, which are begun in half a second; the others wait. Each costs the time of a signature."""
    buffered_body_bytes: int = 64 << 10
    """A body up to this size is received before a thread is given to its request."""
    pending_bytes: int = 256 << 10
    """What is left of an answer up to this size is sent without a thread."""

    def patience_s(self, left_s: float, moved_bytes: int) -> float:
        """For how long a client may stand still that had `left_s` and then moved so much."""
        return min(self.head_s, left_s + moved_bytes / self.least_bytes_per_s)


class Addresses(Protocol):
    """Who is behind an address."""

    def share(self, environ: Mapping[str, Any]) -> str:
        """What limits count a request by, from its WSGI names REMOTE_ADDR and HTTP_X_FORWARDED_FOR."""

    def trusts(self, address: str) -> bool:
        """Whether it is a trusted reverse proxy, which is believed when it says for whom it asks."""


class Queue(Generic[T]):
    """Work for the threads of a pool: the oldest whose shares all have room is taken first, so that nobody holds them all."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._waiting: deque[tuple[T, tuple[Share, ...]]] = deque()
        self._running: dict[str, int] = {}
        self._closed = False

    def put(self, item: T, shares: tuple[Share, ...]) -> None:
        with self._news:
            self._waiting.append((item, shares))
            self._news.notify()

    def take(self) -> tuple[T, tuple[Share, ...]] | None:
        """Waits for work; None after `close`. `done` gives its shares back."""
        with self._news:
            while not self._closed:
                for at, (item, shares) in enumerate(self._waiting):
                    if all(self._running.get(name, 0) < most for name, most in shares):
                        del self._waiting[at]
                        for name, _ in shares:
                            self._running[name] = self._running.get(name, 0) + 1
                        return item, shares
                self._news.wait()
            return None

    def done(self, shares: tuple[Share, ...]) -> None:
        with self._news:
            for name, _ in shares:
                left = self._running[name] - 1
                if left:
                    self._running[name] = left
                else:
                    del self._running[name]
            self._news.notify()

    def remove(self, item: T) -> bool:
        """Takes back what no thread has begun; False when one has."""
        with self._news:
            for at, (waiting, _) in enumerate(self._waiting):
                if waiting is item:
                    del self._waiting[at]
                    return True
            return False

    def close(self) -> None:
        with self._news:
            self._closed = True
            self._news.notify_all()


class Complaints:
    """Log lines about strangers: one at once, then at most one a minute for each text and address, with the count."""

    EVERY_S = 60.0
    MAX_KNOWN = 64

    def __init__(self, log: logging.Logger, now_s: Callable[[], float]) -> None:
        self._log = log
        self._now_s = now_s
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()
        """{(text, address): (when it was last written, how often since)}"""
        self._more_at_s = -self.EVERY_S

    def add(self, text: str, address: str) -> None:
        key, now = (text, address or "portal"), self._now_s()
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known[key] = (known[0], known[1] + 1)
                return
            if len(self._known) >= self.MAX_KNOWN:  # many addresses at once: a sample of them is enough
                if now - self._more_at_s < self.EVERY_S:
                    return
                self._more_at_s = now
            else:
                self._known[key] = (now, 0)
        self._log.info("%s: %s", key[1], text)

    def turn(self) -> None:
        """Writes the counts that are due; to be called every few seconds."""
        now = self._now_s()
        with self._lock:
            due = [(key, count) for key, (at, count) in self._known.items() if now - at >= self.EVERY_S]
            for key, count in due:
                if count:
                    self._known[key] = (now, 0)
                else:
                    del self._known[key]
        for (text, address), count in due:
            if count:
                self._log.info("%s: %s, %d times more", address, text, count)
