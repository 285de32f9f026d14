"""Hand-made frames and reads for the tests of passages and modes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from board.types import Frame
from engine.types import Box, CharRead, PlateRead

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HERE: Box = (500, 600, 140, 32)
OTHER_LANE: Box = (60, 620, 140, 32)


def frame_at(ms: int, source: str = "", shade: int = 0) -> Frame:
    """A 1280x960 view of one pixel's memory, `ms` after the start."""
    rgb = np.broadcast_to(np.uint8(shade), (960, 1280, 3))
    return Frame(ms + 1, START + timedelta(milliseconds=ms), 1_000_000_000 + ms * 1_000_000, rgb, source)


def read_of(text: str, confidence: float = 95.0, box: Box = HERE, height_px: float = 30.0, weak: int | None = None) -> PlateRead:
    """`weak`: the position that the reader was unsure of."""
    chars = tuple(CharRead(symbol, 0.5 if position == weak else confidence / 100) for position, symbol in enumerate(text))
    return PlateRead(text, chars, confidence, "SK", box, height_px)
