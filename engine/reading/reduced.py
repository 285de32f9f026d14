"""Reduced: a picture shrunk to the size in which it is read, where video gets a larger one (manual 4.5, LPR configuration tab)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from board.types import Frame

if TYPE_CHECKING:
    from engine.settings import LprSettings

Size = tuple[int, int]
"""(width, height)."""


def sizes(settings: LprSettings, small_board: bool) -> tuple[Size, Size | None]:
    """What the camera is asked for, and to what its pictures are reduced for reading; None: they are read as they come. A board
    short of memory has no room for larger ones."""
    read, video = _size(settings.resolution), _size(settings.video_size or settings.resolution)
    return (read, None) if small_board or video[0] <= read[0] else (video, read)


def reduced_size(size: Size, most: Size | None) -> Size:
    """`size` within `most`, with its proportions; a smaller one stays."""
    if most is None:
        return size
    scale = min(1.0, most[0] / size[0], most[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def reduced(frame: Frame, most: Size | None) -> Frame:
    """The frame within `most`; each pixel is the mean of those that it stands for."""
    whole = frame.rgb.shape[1], frame.rgb.shape[0]
    size = reduced_size(whole, most)
    if size == whole:
        return frame
    import numpy as np
    from PIL import Image

    return replace(frame, rgb=np.asarray(Image.fromarray(frame.rgb).resize(size, Image.Resampling.BOX)))


def _size(text: str) -> Size:
    width, _, height = text.partition("x")
    return int(width), int(height)
