"""Repeat filter: drops a passage whose plate was among the last N accepted ("captures") or seen less than T ms ago ("millis").

Manual 4.5, free flow and motion options. Plates that differ in fewer than the minimum characters count as the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from engine.reading.passages.difference import difference
from engine.reading.passages.sights import FIRST_PICTURES_NS, NOTHING_KNOWN, STANDING_NS, Known

if TYPE_CHECKING:
    from engine.settings import LprSettings

MOST_REMEMBERED = 500
STILL_THERE_NS = 10_000_000_000
"""A car that stood there when the engine ended or the camera went away is read within this time once pictures come again."""


class RepeatFilter:
    """Remembers accepted plates and when each was last in sight; `known`: what it remembers from before the start."""

    def __init__(self, settings: LprSettings, known: Known = NOTHING_KNOWN) -> None:
        self._mode = settings.filter_mode
        self._millis = settings.filter_ms
        self._difference = settings.min_difference
        self._accepted: deque[str] = deque(known.accepted, maxlen=settings.filter_captures)
        self._sights: dict[str, int] = dict(known.sights)
        self._standing = dict.fromkeys(known.standing, "when the engine ended")
        """{plate: since when}"""
        self._standing_until_ns = known.start_ns + FIRST_PICTURES_NS
        self._no_pictures = True
        self._newest_ns = 0

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
        self._standing = {old: when for old, when in self._standing.items() if difference(old, plate) >= self._difference}

    def cut_off(self, plates: Sequence[str], now_ns: int) -> None:
        """The camera went away while these cars stood there: they are no new passages if they still do when it is back."""
        if not plates:
            return
        earlier = self._standing if now_ns <= self._standing_until_ns else {}
        self._standing = earlier | dict.fromkeys(plates, "when the camera went away")
        self._standing_until_ns = max(self._standing_until_ns, now_ns + STANDING_NS)
        self._no_pictures = True

    def pictures_come(self, now_ns: int) -> None:
        """A picture is read."""
        self._newest_ns = now_ns
        if self._no_pictures:
            self._no_pictures = False
            self._standing_until_ns = min(self._standing_until_ns, now_ns + STILL_THERE_NS)

    @property
    def sights(self) -> Mapping[str, int]:
        """{plate: CLOCK_MONOTONIC ns of its last sight}, longest ago first."""
        return self._sights

    @property
    def standing(self) -> Collection[str]:
        """Plates of cars that stood there and may still: those that were not read yet, until pictures have come for a while."""
        return self._standing if self._newest_ns <= self._standing_until_ns else ()

    def _standing_there(self, plate: str, now_ns: int) -> str:
        if now_ns > self._standing_until_ns:
            return ""
        for old, when in self._standing.items():
            if difference(old, plate) < self._difference:
                del self._standing[old]
                return f"{old} stood there {when}"
        return ""

    def seen(self, plate: str, now_ns: int) -> None:
        """The plate is in sight: the filter time runs from its last sight."""
        self._sights.pop(plate, None)
        self._sights[plate] = now_ns
        if len(self._sights) > MOST_REMEMBERED:
            self._sights.pop(next(iter(self._sights)))

    def _known(self) -> list[str]:
        return list(self._accepted) if self._mode == "captures" else list(self._sights)
