"""Serial trigger: a line or byte pattern from outside, on a serial line, starts a read (a loop detector, a terminal, a PLC)."""

from __future__ import annotations

import logging
from collections.abc import Callable

from board.kit.errors import TriggerRefused
from board.serial import SerialLines, parse_url
from engine.formats.serial_text import unescape

log = logging.getLogger("triggers")


class SerialTrigger:
    """Fires each time the pattern's bytes have come in, however they were split. ConfigError: URL or pattern is wrong.

    `fire(cause)` is called from the line's thread and must not wait; whoever refuses a trigger logs it."""

    def __init__(self, lines: SerialLines, url: str, pattern: str, fire: Callable[[str], object]) -> None:
        self._cause = parse_url(url).device
        self._pattern = unescape(pattern)
        self._fire = fire
        self._heard = b""
        lines.listen(url, self.hear)

    def hear(self, data: bytes) -> None:
        """Takes bytes from the line."""
        self._heard += data
        while self._pattern in self._heard:
            self._heard = self._heard.split(self._pattern, 1)[1]
            try:
                self._fire(self._cause)
            except TriggerRefused:
                pass  # counted and logged there; the line gets no answer
        self._heard = self._heard[-len(self._pattern) :]
