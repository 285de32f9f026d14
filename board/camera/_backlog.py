"""Backlog: whether the pictures of a live source wait to be decoded, because they come faster than this board decodes them.

They would wait in the buffers of the network, more of them every minute, and each would be taken for one of now: a gate would open
for a car that has long gone.
"""

from __future__ import annotations

WINDOW_S = 1.0
SPARE = 0.2
"""Who waits for this share of the time has decoded all there is: packets that come late then came late."""
BEHIND_S = 1.0
NEAR_S = 0.2


class Backlog:
    """One per connection. Times in s: of this board's own clock, and the source's stamps, whose rate need not be right."""

    def __init__(self, now_s: float) -> None:
        self._begun_s = now_s
        self._waited_s = 0.0
        self._stamp_s = 0.0
        self._offset_s: float | None = None
        """Between both clocks when nothing waited."""

    def grown(self, asked_s: float, came_s: float, stamp_s: float) -> bool:
        """For each packet: when it was asked for, when it came, its stamp. Whether so much waits that it is to be passed over."""
        offset_s = came_s - stamp_s
        if self._offset_s is None or offset_s < self._offset_s or stamp_s < self._stamp_s:
            self._offset_s = offset_s
        self._stamp_s = stamp_s
        self._waited_s += came_s - asked_s
        if came_s - self._begun_s < WINDOW_S:
            return False
        spare = self._waited_s >= SPARE * (came_s - self._begun_s)
        self._begun_s, self._waited_s = came_s, 0.0
        if spare:
            self._offset_s = offset_s
        return offset_s - self._offset_s > BEHIND_S

    def is_over(self, came_s: float, stamp_s: float) -> bool:
        """Whether a packet belongs to now: what was passed over has caught up. A recording never makes anybody wait."""
        return self._offset_s is not None and came_s - stamp_s - self._offset_s < NEAR_S
