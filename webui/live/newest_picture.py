"""Newest picture: the camera's last picture as JPEG, encoded only when somebody asks, and once for all viewers."""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from pathlib import Path

from board.kit.dataclass import dataclass
from engine.ring import OpenShot, RingReader
from engine.shrunk import shrunk
from engine.types import Roi
from webui.focus import sharpness

WIDTHS_PX = (480, 640, 960, 1280)
"""Pictures are sent in one of these widths (or their own, when smaller), so that several viewers share one encoding."""
SMALL_WIDTHS_PX = (640,)
"""On a board short of memory: one encoding for everybody."""

QUALITY_PCT = 75


@dataclass(frozen=True, slots=True)
class Jpeg:
    """`size`: width and height of the camera's picture, to which boxes refer; the JPEG may be smaller. `sharpness`: 0..100,
    None where nobody asked for it."""

    seq: int
    monotonic_ns: int
    size: tuple[int, int]
    width: int
    data: bytes
    sharpness: float | None = None

    def age_s(self, now_ns: int) -> float:
        return max(0.0, (now_ns - self.monotonic_ns) / 1e9)


class Picture:
    """Safe to use from several threads."""

    def __init__(self, ring: Path, widths_px: Sequence[int] = WIDTHS_PX) -> None:
        """`widths_px`: in which pictures are sent, rising."""
        self._widths_px = widths_px
        self._reader = RingReader(ring)
        self._turn = threading.Lock()
        self._kept: dict[tuple[int, bool], Jpeg] = {}
        """Width asked for, and whether with its sharpness -> its newest encoding."""

    def newest(self, width: int, focus: Roi | None = None) -> Jpeg | None:
        """The newest picture, about `width` pixels wide; None before the first one. `focus`: where its sharpness is measured,
        None for nobody who turns the lens."""
        wanted = self.step_of(width)
        key = (wanted, focus is not None)
        with self._turn:
            kept = self._kept.get(key)
            with self._reader.open(kept.seq if kept else 0) as shot:
                if shot is not None:
                    kept = self._kept[key] = _encode(shot, wanted, focus)
            return kept

    def step_of(self, width: int) -> int:
        """The width in which a picture is sent to somebody who asks for `width` pixels."""
        return next((each for each in self._widths_px if each >= width), self._widths_px[-1])

    def close(self) -> None:
        self._reader.close()


def _encode(shot: OpenShot, wanted: int, focus: Roi | None) -> Jpeg:
    sharp = None if focus is None else _sharpness(shot, focus)
    width = min(wanted, shot.width)
    image = shrunk(shot, (width, round(shot.height * width / shot.width)))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY_PCT)
    return Jpeg(shot.seq, shot.monotonic_ns, shot.size, image.width, out.getvalue(), sharp)


def _sharpness(shot: OpenShot, focus: Roi) -> float:
    import numpy as np  # here: 15 MB that nobody needs who does not turn the lens

    return sharpness(np.frombuffer(shot.rows(0, shot.height), np.uint8).reshape(shot.height, shot.width, 3), focus)
