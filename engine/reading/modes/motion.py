"""Motion: frames are read when the picture changes, for a while after that, and as long as a car is in sight.

Source: manual 4.5, LPR configuration tab.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from board.kit.process import TRACE
from board.kit.words import Text
from board.types import Frame
from engine.reading.modes import ModeKind, Result
from engine.reading.modes._flow import Flow
from engine.reading.passages.sights import Known
from engine.types import PlateRead, Trigger

if TYPE_CHECKING:
    from engine.settings import LprSettings

log = logging.getLogger("motion")

SMALL_PX = 96
"""The picture is compared at about this width, every pixel the mean of two: a difference costs well under 1 ms."""
NOISE = 14
"""Grey levels (of 255) that a pixel may change without having changed."""
COMPARE_AFTER_NS = 400_000_000
"""A frame is compared with one this much older: at 30 frames per second a slow car hardly differs from the frame before."""
AFTER_NS = 1_000_000_000
"""Reading goes on for this long after the last motion or read: enough for a vote, and a car that stops at once is still read."""


class Difference:
    """How much the picture changed, in percent of its area. Exposure changes of the whole picture do not count."""

    def __init__(self) -> None:
        self._reference: NDArray[np.int16] | None = None
        self._reference_ns = 0

    def percent(self, frame: Frame) -> float:
        """0..100 against the reference picture; 100 for the first one and after the size changed."""
        small = shrink(frame.rgb)
        before = self._reference
        if before is None or before.shape != small.shape:
            self._reference, self._reference_ns = small, frame.monotonic_ns
            return 100.0
        if frame.monotonic_ns - self._reference_ns >= COMPARE_AFTER_NS:
            self._reference, self._reference_ns = small, frame.monotonic_ns
        change = small - before
        change -= np.int16(np.median(change))
        return float(np.count_nonzero(np.abs(change) > NOISE)) * 100.0 / change.size


def shrink(rgb: NDArray[np.uint8]) -> NDArray[np.int16]:
    """The green channel (H, W, 3 -> about 96 wide): each pixel the mean of two neighbours, against noise."""
    step = max(1, rgb.shape[1] // SMALL_PX)
    part = rgb[::step, ::step, 1].astype(np.int16)
    even = part[:, : part.shape[1] // 2 * 2]
    return (even[:, ::2] + even[:, 1::2]) >> 1


class Motion:
    def __init__(self, settings: LprSettings, known: Known) -> None:
        self._flow = Flow(settings, known)
        self._threshold = settings.motion_threshold
        self._difference = Difference()
        self._idle_ns = settings.lost_after_ms * 1_000_000 // 3
        self._read_until_ns = 0
        self._last_read_ns = 0
        self._look = False
        self._most_pct = 0.0

    def motion_pct(self) -> float:
        most_pct, self._most_pct = self._most_pct, 0.0
        return most_pct

    def wanted(self, frame: Frame) -> bool:
        now_ns = frame.monotonic_ns
        changed_pct = self._difference.percent(frame)
        self._most_pct = max(self._most_pct, changed_pct)
        log.log(TRACE, "motion %.1f %%, threshold %d %%", changed_pct, self._threshold)
        moved = changed_pct > self._threshold
        if self._threshold == 0 or (moved and self._threshold < 100):
            self._read_until_ns = max(self._read_until_ns, now_ns + AFTER_NS)
        # A car that stands still is looked at just often enough to know that it is still there, or until its read is valid.
        look = self._look and now_ns - self._last_read_ns >= self._idle_ns
        if now_ns <= self._read_until_ns or look:
            self._last_read_ns = now_ns
            return True
        return False

    def start(self, trigger: Trigger, now_ns: int) -> Text:
        return Text("the function mode is {mode}, triggers are served in mode TRIGGER only", {"mode": "MOTION"})

    def see(self, frame: Frame, valid: Sequence[PlateRead], refused: Sequence[PlateRead]) -> list[Result]:
        results = self._flow.see(frame, valid, refused)
        if self._flow.vote.open:
            self._read_until_ns = max(self._read_until_ns, frame.monotonic_ns + AFTER_NS)
        self._look = self._flow.vote.tracking or bool(refused)
        return results

    def forget(self, plate: str) -> None:
        self._flow.forget(plate)

    @property
    def repeated(self) -> int:
        return self._flow.repeated

    @property
    def sights(self) -> Mapping[str, int]:
        return self._flow.sights

    @property
    def standing(self) -> Collection[str]:
        return self._flow.standing

    def tick(self, now_ns: int) -> list[Result]:
        return self._flow.tick(now_ns)


MODE = ModeKind("MOTION", lambda settings: settings.motion_queue, Motion)
