"""Seen: the reads of one car, small, as its passage keeps them for people to look at: the newest MOST_READS of them."""

from __future__ import annotations

from collections import deque

from board.types import Frame
from engine.types import PlateRead, SeenRead

MOST_READS = 20
MOST_CHARACTERS = 20
"""Of one read's text."""


class Seen:
    def __init__(self) -> None:
        self._reads: deque[tuple[int, SeenRead]] = deque(maxlen=MOST_READS)

    def add(self, read: PlateRead, frame: Frame, why: str = "") -> None:
        """`why`: what held it back, "" the filter that refused it or nothing (engine.types.HELD_BACK)."""
        height_px, confidence = round(read.char_height_px), round(read.confidence, 1)
        told = SeenRead(0, read.text[:MOST_CHARACTERS], confidence, height_px, why or read.refused)
        self._reads.append((frame.monotonic_ns, told))

    def told(self, frame: Frame | None) -> tuple[SeenRead, ...]:
        """In their order, timed from the frame of the passage; none without one."""
        if frame is None:
            return ()
        return tuple(
            SeenRead(round((at_ns - frame.monotonic_ns) / 1e6), each.text, each.confidence, each.char_height_px, each.refused)
            for at_ns, each in self._reads
        )
