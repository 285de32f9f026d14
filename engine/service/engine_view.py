"""Engine view: what the engine process last said of itself, and whether it still says anything."""

from __future__ import annotations

import threading

from board.kit.clock import Clock
from engine.messages import NO_LICENSE, STOPPED, EngineStatus, LiveReads
from engine.service.counters import Counters

ENGINE_SILENT_S = 10.0
"""An engine that sends no status for this long counts as stopped."""


class EngineView:
    """`take` is called by the engine's connection, everything else by any thread."""

    def __init__(self, clock: Clock, counters: Counters, licensed: bool) -> None:
        self._clock = clock
        self._counters = counters
        self._licensed = licensed
        self._lock = threading.Lock()
        self._status: EngineStatus | None = None
        self._status_ns = 0
        self._live: LiveReads | None = None

    def take(self, message: EngineStatus | LiveReads) -> None:
        with self._lock:
            if isinstance(message, LiveReads):
                self._live = message
            else:
                self._counters.frames_processed(message.frames_processed)
                self._status, self._status_ns = message, self._clock.monotonic_ns()

    def gone(self) -> None:
        """Its connection ended."""
        with self._lock:
            self._status, self._live = None, None

    def alive(self) -> EngineStatus | None:
        """Its last status; None when it is gone or has been silent for ENGINE_SILENT_S."""
        with self._lock:
            silent_ns = self._clock.monotonic_ns() - self._status_ns
            return self._status if silent_ns < ENGINE_SILENT_S * 1e9 else None

    def live(self) -> LiveReads | None:
        with self._lock:
            return self._live

    def mode(self) -> str:
        """The engine's function mode, STOPPED or NO_LICENSE."""
        if not self._licensed:
            return NO_LICENSE
        status = self.alive()
        return STOPPED if status is None else status.mode
