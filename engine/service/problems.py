"""Problems: the last problem that a person must know about, logged once and shown in the status until another comes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from board.kit.clock import Clock
from board.kit.words import NOTHING, Text

log = logging.getLogger("service")


class Problems:
    """Any thread may call `say`. `changed()` is called after a new one."""

    def __init__(self, clock: Clock, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._changed = changed
        self._lock = threading.Lock()
        self._text = NOTHING
        self._at: datetime | None = None

    def say(self, text: Text) -> None:
        """The same text again updates its time without another line in the log."""
        with self._lock:
            new = text != self._text
            self._text, self._at = text, self._clock.now()
        if new:
            log.error("%s", text)
            self._changed()

    def last(self) -> tuple[Text, datetime | None]:
        """(NOTHING, None) if there was none."""
        with self._lock:
            return self._text, self._at
