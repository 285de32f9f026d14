"""Engine view: the engine's last report, and whether it still reports."""

from __future__ import annotations

import threading
from collections.abc import Callable

from board.kit.clock import Clock
from engine.messages import NO_LICENSE, STOPPED, EngineStatus, LiveReads
from engine.service.counters import Counters

ENGINE_SILENT_S = 10.0
"""An engine that sends no status for this long counts as stopped."""


class EngineView:
    """`take` is called by the engine's connection, everything else by any thread. `changed()`: the engine stopped, or reports
    something that a person would want to see at once."""

    def __init__(self, clock: Clock, counters: Counters, licensed: bool, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._changed = changed
        self._counters = counters
        self._licensed = licensed
        self._lock = threading.Lock()
        self._status: EngineStatus | None = None
        self._status_ns = 0
        self._connected = False
        self._live: LiveReads | None = None

    def take(self, message: EngineStatus | LiveReads) -> None:
        with self._lock:
            if isinstance(message, LiveReads):
                self._live = message
                return
            self._counters.frames_processed(message.frames_processed)
            news = not self._connected or self._status is None or _words(self._status) != _words(message)
            self._status, self._status_ns, self._connected = message, self._clock.monotonic_ns(), True
        if news:
            self._changed()

    def gone(self) -> None:
        """Its connection ended."""
        with self._lock:
            self._connected, self._live = False, None
        self._changed()

    def alive(self) -> EngineStatus | None:
        """Its last status; None if it is gone or has been silent for ENGINE_SILENT_S."""
        status, age_s = self.last()
        return status if self._connected and age_s < ENGINE_SILENT_S else None

    def last(self) -> tuple[EngineStatus | None, float]:
        """Its last report and the report's age in seconds; (None, -1) before the first one."""
        with self._lock:
            if self._status is None:
                return None, -1.0
            return self._status, (self._clock.monotonic_ns() - self._status_ns) / 1e9

    def live(self) -> LiveReads | None:
        with self._lock:
            return self._live

    def mode(self) -> str:
        """The engine's function mode, SETUP, STOPPED or NO_LICENSE."""
        if not self._licensed:
            return NO_LICENSE
        status = self.alive()
        return STOPPED if status is None else status.mode


def _words(status: EngineStatus) -> tuple[object, ...]:
    return status.mode, status.camera, status.error, status.camera_notes, status.preset, status.size
