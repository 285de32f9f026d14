"""Repeat filter: drops a passage whose plate was among the last N accepted ("captures") or seen less than T ms ago ("millis").

Manual 4.5, free flow and motion options. Plates that differ in fewer than the minimum characters count as the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.reading.passages.difference import difference
from engine.reading.passages.sights import FIRST_PICTURES_NS, NOTHING_KNOWN, Known

if TYPE_CHECKING:
    from engine.settings import LprSettings

MOST_REMEMBERED = 500


class RepeatFilter:
    """Remembers accepted plates and when each was last in sight; `known`: what it remembers from before the start."""

    def __init__(self, settings: LprSettings, known: Known = NOTHING_KNOWN) -> None:
        self._mode = settings.filter_mode
        self._millis = settings.filter_ms
        self._difference = settings.min_difference
        self._accepted: deque[str] = deque(known.accepted, maxlen=settings.filter_captures)
        self._sights: dict[str, int] = dict(known.sights)
        self._standing = list(known.standing)
        self._standing_until_ns = known.start_ns + FIRST_PICTURES_NS

    def refusal(self, plate: str, now_ns: int) -> str:
        """Why this passage is dropped; "" and it counts as accepted from now on. `now_ns`: its CLOCK_MONOTONIC."""
        same = [old for old in self._known() if difference(old, plate) < self._difference]
        why = self._standing_there(plate, now_ns)
        if why:
            pass
        elif self._mode == "captures" and same:
            why = f"{same[-1]} is among the last {self._accepted.maxlen} plates"
        elif self._mode == "millis" and same:
            since_ms = (now_ns - max(self._sights[old] for old in same)) // 1_000_000
            if since_ms < self._millis:
                why = f"{same[-1]} was in sight {since_ms} ms ago, filter time {self._millis} ms"
        if not why:
            self._accepted.append(plate)
        self.seen(plate, now_ns)
        return why

    def forget(self, plate: str) -> None:
        """The car was not let in: it is no repetition when it is read again."""
        alike = [old for old in self._known() if difference(old, plate) < self._difference]
        for old in alike:
            self._sights.pop(old, None)
        self._accepted = deque((old for old in self._accepted if old not in alike), maxlen=self._accepted.maxlen)
        self._standing = [old for old in self._standing if difference(old, plate) >= self._difference]

    @property
    def sights(self) -> Mapping[str, int]:
        """{plate: CLOCK_MONOTONIC ns of its last sight}, longest ago first."""
        return self._sights

    def _standing_there(self, plate: str, now_ns: int) -> str:
        if now_ns > self._standing_until_ns:
            return ""
        for old in self._standing:
            if difference(old, plate) < self._difference:
                self._standing.remove(old)
                return f"{old} stood there when the engine ended"
        return ""

    def seen(self, plate: str, now_ns: int) -> None:
        """The plate is in sight: the filter time runs from its last sight."""
        self._sights.pop(plate, None)
        self._sights[plate] = now_ns
        if len(self._sights) > MOST_REMEMBERED:
            self._sights.pop(next(iter(self._sights)))

    def _known(self) -> list[str]:
        return list(self._accepted) if self._mode == "captures" else list(self._sights)
