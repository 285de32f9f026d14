"""Problems: the last one that a person must know, in the log once and in the status until another comes."""

from __future__ import annotations

import logging
import threading
from datetime import datetime

from board.kit.clock import Clock

log = logging.getLogger("service")


class Problems:
    """`say` is for any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._text = ""
        self._at: datetime | None = None

    def say(self, text: str) -> None:
        """The same text again renews its time, not its line in the log."""
        if text != self._text:
            log.error("%s", text)
        with self._lock:
            self._text, self._at = text, self._clock.now()

    def last(self) -> tuple[str, datetime | None]:
        """("", None) while there was none."""
        with self._lock:
            return self._text, self._at
