"""Picture: the newest camera picture as JPEG, encoded only when somebody asks and once for all who look."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from pathlib import Path

from board.types import Frame
from engine.ring import RingReader
from engine.types import Roi
from webui.focus import sharpness

WIDTHS_PX = (480, 640, 960, 1280)
"""Pictures are sent in one of these widths (or their own, when smaller), so that several viewers share one encoding."""

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


class Picture:
    """Safe to use from several threads."""

    def __init__(self, ring: Path) -> None:
        self._reader = RingReader(ring)
        self._turn = threading.Lock()
        self._kept: dict[tuple[int, bool], Jpeg] = {}
        """Width asked for, and whether with its sharpness -> its newest encoding."""

    def newest(self, width: int, focus: Roi | None = None) -> Jpeg | None:
        """The newest picture, about `width` pixels wide; None before the first one. `focus`: where its sharpness is measured,
        None for nobody who turns the lens."""
        wanted = step_of(width)
        key = (wanted, focus is not None)
        with self._turn:
            kept = self._kept.get(key)
            frame = self._reader.latest(kept.seq if kept else 0)
            if frame is not None:
                kept = self._kept[key] = _encode(frame, wanted, focus)
            return kept


def step_of(width: int) -> int:
    """The width in which a picture is sent to somebody who asks for `width` pixels."""
    return next((each for each in WIDTHS_PX if each >= width), WIDTHS_PX[-1])


def _encode(frame: Frame, wanted: int, focus: Roi | None) -> Jpeg:
    from PIL import Image

    height, width = frame.rgb.shape[:2]
    image = Image.fromarray(frame.rgb)
    if width > wanted:
        image = image.resize((wanted, round(height * wanted / width)), Image.Resampling.BILINEAR, reducing_gap=2.0)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY_PCT)
    sharp = None if focus is None else sharpness(frame.rgb, focus)
    return Jpeg(frame.seq, frame.monotonic_ns, (width, height), image.width, out.getvalue(), sharp)
