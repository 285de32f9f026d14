"""Pair: what the second camera of a lane saw, and whether it agrees with the first one. Pure: times are the receiver's own."""

from __future__ import annotations

from collections import deque

from board.kit.dataclass import dataclass
from engine.lane.likeness import alike

S = 1_000_000_000
KEPT = 64
KNOWN = 256
SILENT_S = 20.0
"""The second camera reports every 5 s; it counts as gone after this long without a report."""


@dataclass(frozen=True, slots=True)
class View:
    """A plate that the second camera read. `seen_ns`: when its picture was taken, by the receiver's CLOCK_MONOTONIC: the time
    of arrival minus the age that the sender gave, so that the clocks of the two cameras need not agree."""

    camera_id: str
    event_id: str
    plate: str
    lists: frozenset[str]
    seen_ns: int


class Pair:
    """`window_s`: the longest time between two views of one vehicle."""

    def __init__(self, window_s: float) -> None:
        self._window_ns = round(window_s * S)
        self._views: deque[View] = deque(maxlen=KEPT)
        self._known: deque[str] = deque(maxlen=KNOWN)
        self._heard_ns: int | None = None

    def heard(self, now_ns: int) -> None:
        """The second camera is alive."""
        self._heard_ns = now_ns

    def alive(self, now_ns: int) -> bool:
        return self._heard_ns is not None and now_ns - self._heard_ns <= SILENT_S * S

    def add(self, view: View) -> bool:
        """False: it came before (repeated, or replayed by an attacker)."""
        if view.event_id in self._known:
            return False
        self._known.append(view.event_id)
        self._views.append(view)
        return True

    def agreeing(self, plate: str, seen_ns: int) -> View | None:
        """A view of the same plate taken at about the same time."""
        return next((view for view in self._near(seen_ns) if alike(view.plate, plate)), None)

    def other(self, seen_ns: int) -> View | None:
        """The view of another plate taken nearest to that time; None: there is none."""
        return min(self._near(seen_ns), key=lambda view: abs(view.seen_ns - seen_ns), default=None)

    def use(self, view: View) -> None:
        """The view belongs to a vehicle that was let in, and to no other."""
        self._views = deque((each for each in self._views if each is not view), maxlen=KEPT)

    def _near(self, seen_ns: int) -> list[View]:
        return [view for view in self._views if abs(view.seen_ns - seen_ns) <= self._window_ns]
