"""Events: one browser's stream of server-sent events (HTML standard, "Server-sent events"): what it has not taken yet, bounded."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Sequence

from board.kit.words import ENGLISH, Language

SILENT_S = 10.0
"""After this long without an event, a comment tells the browser and proxies in between that the connection is alive."""
MOST_WAITING = 250
"""Events that a slow browser may let lie; then its stream ends, and it asks again from the last passage that it got."""
RETRY_MS = 2_000


def event(name: str, document: object, row: int = -1) -> bytes:
    """One event. `row`: that of a passage, which the browser names as Last-Event-ID when it comes back."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    mark = f"id: {row}\n" if row >= 0 else ""
    return f"{mark}event: {name}\ndata: {text}\n\n".encode("utf-8", "replace")


class EventStream:
    """A source for the server's loop. `put`, `replace` and `passage` may be called from any thread; passages wait until `begin`
    has sent those that the browser missed. `language`: in which its events are said; `audit`: whether it may see what all actions
    did."""

    framed = False

    def __init__(
        self,
        now_s: Callable[[], float],
        on_close: Callable[[EventStream], None],
        language: Language = ENGLISH,
        audit: bool = False,
    ) -> None:
        self.language = language
        self.audit = audit
        self._now_s = now_s
        self._on_close = on_close
        self._lock = threading.Lock()
        self._wake: Callable[[], None] = lambda: None
        self._newest: dict[str, bytes] = {}
        self._waiting: deque[bytes] = deque([b"retry: %d\n\n" % RETRY_MS])
        self._held: list[tuple[int, bytes]] | None = []
        self._row = -1
        self._over = False
        self._said_s = now_s()

    def replace(self, name: str, data: bytes) -> None:
        """An event that makes the last one of its name worthless."""
        with self._lock:
            self._newest[name] = data
        self._wake()

    def put(self, data: bytes) -> None:
        """An event that is not to be left out."""
        with self._lock:
            self._add(data)
        self._wake()

    def passage(self, row: int, data: bytes) -> None:
        with self._lock:
            if self._held is not None:
                self._held.append((row, data))
                self._over = self._over or len(self._held) > MOST_WAITING
            elif row > self._row:
                self._row = row
                self._add(data)
        self._wake()

    def begin(self, missed: Sequence[tuple[int, bytes]]) -> None:
        """`missed`: stored passages, oldest first, that come before all others."""
        with self._lock:
            held, self._held = self._held or [], None
            for row, data in (*missed, *held):
                if row > self._row:
                    self._row = row
                    self._waiting.append(data)
        self._wake()

    # --- the server's side ------------------------------------------------------------------------------------------------

    def attach(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def next(self) -> bytes | None:
        with self._lock:
            if self._over:
                return b""
            data = b"".join((*self._waiting, *self._newest.values()))
            self._waiting.clear()
            self._newest.clear()
        now = self._now_s()
        if not data and now - self._said_s >= SILENT_S:
            data = b": alive\n\n"
        if not data:
            return None
        self._said_s = now
        return data

    def close(self) -> None:
        self._on_close(self)

    def _add(self, data: bytes) -> None:
        self._waiting.append(data)
        self._over = self._over or len(self._waiting) > MOST_WAITING
