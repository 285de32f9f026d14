"""Log limit: bounds the lines of one kind in a log, so that nobody from outside can flush the others out of it.

A kind is a logger with a template and a level ("message from %s discarded: %s"). Its first lines are written as they come, the rest
at a slow pace; how many were left out stands before the next one, or is said once the flood is over.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from board.kit.dataclass import dataclass

MOST_KINDS = 1000
SAY_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class Pace:
    """A burst of lines at once, and one more for every `every_s` seconds."""

    burst: int
    every_s: float


WARNINGS = Pace(20, 10.0)
"""Warnings and errors: a fault repeats itself, and a stranger can cause one as often as he likes."""

OTHERS = Pace(200, 0.5)
"""What a camera at work says: a passage or two a second in a dense flow."""


@dataclass(slots=True)
class _Kind:
    """What is left to the lines of one kind, and how many were left out since when."""

    left: float
    at_s: float
    left_out: int = 0
    since_s: float = 0.0


class LimitedHandler(logging.Handler):
    """Hands what is within the limit to `handlers`. `monotonic`: seconds, for tests to turn."""

    def __init__(self, handlers: Sequence[logging.Handler], monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._handlers = tuple(handlers)
        self._monotonic = monotonic
        self._kinds: dict[tuple[str, int, str], _Kind] = {}
        self._counting = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        now_s = self._monotonic()
        with self._counting:
            key, passes, left_out = self._count(record, now_s)
            over = self._over(key, now_s)
        for name, level, count in over:
            self._pass_on(_summary(name, level, count))
        if passes:
            if left_out:
                self._pass_on(_summary(record.name, record.levelno, left_out))
            self._pass_on(record)

    def close(self) -> None:
        for handler in self._handlers:
            handler.close()
        super().close()

    def _count(self, record: logging.LogRecord, now_s: float) -> tuple[tuple[str, int, str], bool, int]:
        """(its kind, whether the line is written, how many were left out before it)."""
        pace = WARNINGS if record.levelno >= logging.WARNING else OTHERS
        key = (record.name, record.levelno, str(record.msg)[:100])
        kind = self._kinds.pop(key, None) or _Kind(pace.burst, now_s)
        self._kinds[key] = kind
        if len(self._kinds) > MOST_KINDS:
            del self._kinds[next(iter(self._kinds))]
        kind.left = min(pace.burst, kind.left + (now_s - kind.at_s) / pace.every_s)
        kind.at_s = now_s
        if kind.left < 1:
            kind.since_s = kind.since_s if kind.left_out else now_s
            kind.left_out += 1
            return key, False, 0
        kind.left -= 1
        left_out, kind.left_out = kind.left_out, 0
        return key, True, left_out

    def _over(self, current: tuple[str, int, str], now_s: float) -> list[tuple[str, int, int]]:
        """(logger, level, lines left out) of other kinds whose count has waited for long enough."""
        found = []
        for key, kind in self._kinds.items():
            if kind.left_out and key != current and now_s - kind.since_s >= SAY_AFTER_S:
                found.append((key[0], key[1], kind.left_out))
                kind.left_out = 0
        return found

    def _pass_on(self, record: logging.LogRecord) -> None:
        for handler in self._handlers:
            if record.levelno >= handler.level:
                handler.handle(record)


def _summary(name: str, level: int, count: int) -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, 0, "%d lines of this kind were left out", (count,), None)
