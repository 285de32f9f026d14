"""Picture: the newest camera picture as JPEG, encoded only when somebody asks and once for all who look."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from pathlib import Path

from board.types import Frame
from engine.ring import RingReader

WIDTHS_PX = (480, 640, 960, 1280)
"""Pictures are sent in one of these widths (or their own, when smaller), so that several viewers share one encoding."""

QUALITY_PCT = 75


@dataclass(frozen=True, slots=True)
class Jpeg:
    """`size`: width and height of the camera's picture, to which boxes refer; the JPEG may be smaller."""

    seq: int
    monotonic_ns: int
    size: tuple[int, int]
    width: int
    data: bytes


class Picture:
    """Safe to use from several threads."""

    def __init__(self, ring: Path) -> None:
        self._reader = RingReader(ring)
        self._turn = threading.Lock()
        self._kept: dict[int, Jpeg] = {}
        """Width asked for -> its newest encoding."""

    def newest(self, width: int) -> Jpeg | None:
        """The newest picture, about `width` pixels wide; None before the first one."""
        wanted = next((each for each in WIDTHS_PX if each >= width), WIDTHS_PX[-1])
        with self._turn:
            kept = self._kept.get(wanted)
            frame = self._reader.latest(kept.seq if kept else 0)
            if frame is not None:
                kept = self._kept[wanted] = _encode(frame, wanted)
            return kept


def _encode(frame: Frame, wanted: int) -> Jpeg:
    from PIL import Image

    height, width = frame.rgb.shape[:2]
    image = Image.fromarray(frame.rgb)
    if width > wanted:
        image = image.resize((wanted, round(height * wanted / width)), Image.Resampling.BILINEAR, reducing_gap=2.0)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY_PCT)
    return Jpeg(frame.seq, frame.monotonic_ns, (width, height), image.width, out.getvalue())
