"""Counters: the numbers of the Info panel (manual 4.2, Live tab), kept in the store; frequent ones are written in batches.

Triggers are written to the store at most once a second: strangers can send them as fast as they like.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from board.kit.clock import Clock
from board.kit.errors import StoreError
from board.kit.words import Text
from engine.store import Store
from engine.types import Counter

BAD_FRAMES = "Wiegand frames repeated"
"""Their edges were out of limits."""

FRAMES = "Frames processed"

COUNTERS = ("Results", "Actions", "Exports", "Imports", "Triggers received", "Triggers refused", FRAMES, BAD_FRAMES)
"""Names in the order in which they are shown."""

KEEP_FRAMES_EVERY_S = 30.0


class Counters:
    """`store()` returns None while the store is not open: counts then wait in memory. Errors of the store go to `report`."""

    def __init__(self, clock: Clock, store: Callable[[], Store | None], report: Callable[[Text], None]) -> None:
        self._clock = clock
        self._store = store
        self._report = report
        self._lock = threading.Lock()
        self._seen: int | None = None
        self._waiting: dict[str, Counter] = {}
        self._frames_kept_ns = 0

    def add(self, name: str, by: int = 1) -> None:
        """Adds `by` to `name`; the store gets it with the next `turn` that writes it."""
        with self._lock:
            before = self._waiting.get(name)
            self._waiting[name] = Counter(name, by + (before.value if before else 0), self._clock.now())

    def frames_processed(self, total: int) -> None:
        """The engine's own count: it starts at 0 with each engine, and the engine may be older than this process."""
        before = total if self._seen is None else self._seen
        self._seen = total
        if total != before:
            self.add(FRAMES, total - before if total > before else total)

    def shown(self) -> tuple[Counter, ...]:
        """All of COUNTERS, 0 for those never counted."""
        stored: dict[str, Counter] = {}
        store = self._store()
        if store is not None:
            try:
                stored = store.counters()
            except StoreError as why:
                self._report(why.text)
        with self._lock:
            for name, waiting in self._waiting.items():
                kept = stored.get(name)
                stored[name] = Counter(name, waiting.value + (kept.value if kept else 0), waiting.changed_at)
        return tuple(stored.get(name) or Counter(name, 0, None) for name in COUNTERS)

    def turn(self) -> None:
        """About once a second: writes waiting counts; frames, which are always waiting, only every KEEP_FRAMES_EVERY_S."""
        now_ns = self._clock.monotonic_ns()
        frames_due = now_ns - self._frames_kept_ns > KEEP_FRAMES_EVERY_S * 1e9
        if frames_due:
            self._frames_kept_ns = now_ns
        self._keep(frames_due)

    def keep(self) -> None:
        """Writes all counts now."""
        self._keep(True)

    def _keep(self, frames: bool) -> None:
        store = self._store()
        if store is None:
            return
        with self._lock:
            due = {name: counter.value for name, counter in self._waiting.items() if frames or name != FRAMES}
        for name, value in due.items():
            try:
                store.counters.add(name, value)
            except StoreError as why:
                self._report(why.text)
                return
            with self._lock:
                waiting = self._waiting.pop(name)
                if waiting.value > value:
                    self._waiting[name] = Counter(name, waiting.value - value, waiting.changed_at)
