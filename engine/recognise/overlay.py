"""Overlay: tells the lines that a camera writes into its own picture (its name, the time, in a box) from plates.

A camera draws such a box in one colour. What a lens shows has noise and shade: of 4,195 plates in photographs 21 have more than
EVEN_SHARE of their pixels within two grey levels of one another, most drawn boxes have. Drawn plates (a demo, a test) are as even;
so only boxes in the strips along the upper and lower edge count, where cameras write, and boxes of black under white anywhere:
none of the 4,195 is such a one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.types import Box

U8 = NDArray[np.uint8]

EVEN_SHARE = 0.42
EVEN_LEVELS = 2
STRIP = 0.1
"""Height of the strips where cameras write, as a share of the frame's."""
BLACK, WHITE = 8, 240
LEAST_INK = 0.05
"""White writing takes at least this share of a black box."""
MOST_PIXELS = 8000


def is_overlay(rgb: U8, box: Box) -> bool:
    """Whether what lies in the box of a frame (H, W, 3) was drawn into it by the camera."""
    height = rgb.shape[0]
    x, y, w, h = box
    part = rgb[max(y, 0) : max(y + h, 0), max(x, 0) : max(x + w, 0), 1]
    apart = max(1, int((part.size / MOST_PIXELS) ** 0.5))
    counts = np.bincount(part[::apart, ::apart].ravel(), minlength=256)
    total = int(counts.sum())
    if not total:
        return False
    near = np.convolve(counts, np.ones(2 * EVEN_LEVELS + 1, np.int64), mode="same")
    ground = int(near.argmax())
    if near[ground] < EVEN_SHARE * total:
        return False
    in_strip = y + h <= STRIP * height or y >= (1 - STRIP) * height
    return in_strip or (ground <= BLACK and int(counts[WHITE:].sum()) >= LEAST_INK * total)
