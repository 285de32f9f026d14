"""Problems: the last problem that a person must know about, logged once and shown in the status until another comes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from board.kit.clock import Clock, by_clock_of_now
from board.kit.words import NOTHING, Text

log = logging.getLogger("service")


class Problems:
    """Any thread may call `say`. `changed()` is called after a new one."""

    def __init__(self, clock: Clock, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._changed = changed
        self._lock = threading.Lock()
        self._text = NOTHING
        self._at: tuple[datetime, int] | None = None
        """By the wall clock and the monotonic one."""

    def say(self, text: Text) -> None:
        """The same text again updates its time without another line in the log."""
        with self._lock:
            new = text != self._text
            self._text, self._at = text, (self._clock.now(), self._clock.monotonic_ns())
        if new:
            log.error("%s", text)
            self._changed()

    def last(self) -> tuple[Text, datetime | None]:
        """(NOTHING, None) if there was none."""
        with self._lock:
            return self._text, self._at and by_clock_of_now(*self._at, self._clock)
