"""Gaps: how many frames are missing between two frames, from the time stamps of the camera or its driver."""

from __future__ import annotations

from collections import deque

KEPT = 9
MOST = 1000
"""A longer gap is a pause or a new time base, not lost frames."""


class Gaps:
    """One per stream of frames."""

    def __init__(self) -> None:
        self._last_ns: int | None = None
        self._steps_ns: deque[int] = deque(maxlen=KEPT)

    def before(self, stamp_ns: int, step_ns: int = 0) -> int:
        """Frames missing between the last stamp and this one. `step_ns`: the frame interval that the camera reports; 0 when it
        reports none: then the median of the last intervals counts."""
        last_ns, self._last_ns = self._last_ns, stamp_ns
        if last_ns is None or stamp_ns <= last_ns:
            return 0
        gap_ns = stamp_ns - last_ns
        usual_ns = step_ns or (sorted(self._steps_ns)[KEPT // 2] if len(self._steps_ns) == KEPT else 0)
        self._steps_ns.append(gap_ns)
        missing = round(gap_ns / usual_ns) - 1 if usual_ns else 0
        return missing if 0 < missing <= MOST else 0
