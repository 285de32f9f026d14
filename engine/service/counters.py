"""Counters: the numbers of the Info panel (manual 4.2), kept in the store; processed frames are written down in bundles."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from board.kit.clock import Clock
from board.kit.errors import StoreError
from engine.store import Store
from engine.types import Counter

BAD_FRAMES = "Wiegand frames repeated"
"""Their edges were out of limits."""

FRAMES = "Frames processed"

COUNTERS = ("Results", "Actions", "Exports", "Imports", "Triggers received", "Triggers refused", FRAMES, BAD_FRAMES)
"""Names in the order in which they are shown."""

KEEP_FRAMES_EVERY_S = 30.0


class Counters:
    """`store()` gives None while the store is not open: then nothing but frames is counted. Errors of the store go to `report`."""

    def __init__(self, clock: Clock, store: Callable[[], Store | None], report: Callable[[str], None]) -> None:
        self._clock = clock
        self._store = store
        self._report = report
        self._lock = threading.Lock()
        self._seen: int | None = None
        self._frames = 0
        self._frames_at: datetime | None = None
        self._kept_ns = 0

    def add(self, name: str) -> None:
        """One more of `name`, now."""
        store = self._store()
        if store is None:
            return
        try:
            store.counters.add(name)
        except StoreError as why:
            self._report(str(why))

    def frames_processed(self, total: int) -> None:
        """The engine's own count: it starts at 0 with each engine, and the engine may be older than this process."""
        with self._lock:
            before = total if self._seen is None else self._seen
            if total != before:
                self._frames += total - before if total > before else total
                self._frames_at = self._clock.now()
            self._seen = total

    def shown(self) -> tuple[Counter, ...]:
        """All of COUNTERS, 0 for what was never counted."""
        stored: dict[str, Counter] = {}
        store = self._store()
        if store is not None:
            try:
                stored = store.counters()
            except StoreError as why:
                self._report(str(why))
        with self._lock:
            frames, frames_at = self._frames, self._frames_at
        if frames:
            kept = stored.get(FRAMES)
            stored[FRAMES] = Counter(FRAMES, (kept.value if kept else 0) + frames, frames_at)
        return tuple(stored.get(name) or Counter(name, 0, None) for name in COUNTERS)

    def turn(self) -> None:
        """Writes the frames down when it is time."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._kept_ns > KEEP_FRAMES_EVERY_S * 1e9:
            self._kept_ns = now_ns
            self.keep_frames()

    def keep_frames(self) -> None:
        """Writes the frames down now."""
        store = self._store()
        with self._lock:
            frames = self._frames
        if not frames or store is None:
            return
        try:
            store.counters.add(FRAMES, frames)
        except StoreError as why:
            self._report(str(why))
            return
        with self._lock:
            self._frames -= frames
