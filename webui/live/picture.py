"""Picture: the newest camera picture as JPEG, encoded only when somebody asks and once for all who look."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from pathlib import Path

from engine.ring import RingReader, Shot
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
            shot = self._reader.shot(kept.seq if kept else 0)
            if shot is not None:
                kept = self._kept[key] = _encode(shot, wanted, focus)
            return kept

    def close(self) -> None:
        self._reader.close()


def step_of(width: int) -> int:
    """The width in which a picture is sent to somebody who asks for `width` pixels."""
    return next((each for each in WIDTHS_PX if each >= width), WIDTHS_PX[-1])


def _encode(shot: Shot, wanted: int, focus: Roi | None) -> Jpeg:
    from PIL import Image

    sharp = None if focus is None else _sharpness(shot, focus)
    image = Image.frombytes("RGB", (shot.width, shot.height), shot.rgb)
    shot.rgb.clear()  # the image has a copy: the memory of both at once is much on a small board
    if shot.width > wanted:
        size = (wanted, round(shot.height * wanted / shot.width))
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY_PCT)
    return Jpeg(shot.seq, shot.monotonic_ns, shot.size, image.width, out.getvalue(), sharp)


def _sharpness(shot: Shot, focus: Roi) -> float:
    import numpy as np  # here: 15 MB that nobody needs who does not turn the lens

    return sharpness(np.frombuffer(shot.rgb, np.uint8).reshape(shot.height, shot.width, 3), focus)
