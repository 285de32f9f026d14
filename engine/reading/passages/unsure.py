"""Unsure: cars that were read often enough, but never with the minimum confidence: they come to be known when they have left.

They are followed as one car at a time, by time alone: it is the car that stands at the barrier. Its best picture is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import field

from board.kit.dataclass import dataclass
from board.types import Frame
from engine.lists import comparable
from engine.reading.modes import Result
from engine.reading.passages.seen import Seen
from engine.types import PlateRead

GRACE_NS = 1_000_000_000
"""Without any frame (camera stuck) a car is kept this much longer."""

LEAST_GAP_NS = 10_000_000_000
"""A sign that is mistaken for a plate now and then is told at most so often, and never twice in a row."""

log = logging.getLogger("unsure")


@dataclass(slots=True)
class _Car:
    """A car whose reads were not sure enough."""

    best: PlateRead
    frame: Frame
    seen_ns: int
    texts: dict[str, int] = field(default_factory=dict)
    seen: Seen = field(default_factory=Seen)


class Unsure:
    """`votes`: reads that must agree; `least`: the minimum confidence; `lost_after_ms`: a car that was not seen for this long has
    left."""

    def __init__(self, votes: int, least: float, lost_after_ms: int) -> None:
        self._votes = votes
        self._least = least
        self._lost_after_ns = lost_after_ms * 1_000_000
        self._car: _Car | None = None
        self._told = ""
        self._told_ns: int | None = None

    def see(self, frame: Frame, valid: Sequence[PlateRead], unsure: Sequence[PlateRead], results: Sequence[Result]) -> list[Result]:
        """Takes the reads of one frame, `unsure` those that only lack confidence, and what the mode made of it. Gives the latter,
        with a trigger that read nothing surely told as such a car, and with the car that has left since."""
        found = self._left(frame.monotonic_ns, 0)
        for read in (*valid, *unsure):
            self._count(read, frame)
        return [*found, *(self._with_read(result) for result in results)]

    def tick(self, now_ns: int, results: Sequence[Result]) -> list[Result]:
        """No frame is waiting."""
        return [*(self._with_read(result) for result in results), *self._left(now_ns, GRACE_NS)]

    def _count(self, read: PlateRead, frame: Frame) -> None:
        car = self._car
        if car is None:
            car = self._car = _Car(read, frame, frame.monotonic_ns)
        car.seen_ns = frame.monotonic_ns
        car.seen.add(read, frame)
        if read.confidence > car.best.confidence:
            car.best, car.frame = read, frame
        key = comparable(read.text)
        if key in car.texts or len(car.texts) < 16:
            car.texts[key] = car.texts.get(key, 0) + 1

    def _with_read(self, result: Result) -> Result:
        """A trigger at which nothing was read surely, but something unsurely. Each trigger is about a car of its own."""
        if result.trigger is None:
            return result
        car, self._car = self._car, None
        if result.settled is not None or car is None or not self._is_unsure(car, 1):
            return result
        return Result(None, car.frame, result.trigger, car.best, car.seen.told(car.frame))

    def _left(self, now_ns: int, grace_ns: int) -> list[Result]:
        car = self._car
        if car is None or now_ns - car.seen_ns < self._lost_after_ns + grace_ns:
            return []
        self._car = None
        text = comparable(car.best.text)
        if not self._is_unsure(car, self._votes) or text == self._told:
            return []
        if self._told_ns is not None and now_ns - self._told_ns < LEAST_GAP_NS:
            return []
        self._told, self._told_ns = text, now_ns
        log.info("a car left that was read as %r with %.0f %%, minimum %.0f %%", car.best.text, car.best.confidence, self._least)
        return [Result(None, car.frame, None, car.best, car.seen.told(car.frame))]

    def _is_unsure(self, car: _Car, votes: int) -> bool:
        return car.best.confidence < self._least and car.texts.get(comparable(car.best.text), 0) >= votes
