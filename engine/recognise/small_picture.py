"""Small picture: what size the camera shrinks its frames to for the detector, and such a picture as the detector's input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.recognise.detect import INPUT_HEIGHT, INPUT_WIDTH, Placement, letterbox
from engine.types import Roi

LARGEST_SCALE = 0.75
"""A picture larger than this, relative to the frame, saves too little to be worth a second stream."""


def small_size(size: tuple[int, int], roi: Roi | None) -> tuple[int, int] | None:
    """(width, height), even, of the whole frame shrunk so that its part inside the ROI just fills the detector's input.

    None when the frame is hardly larger than that. `size`: the frame's (width, height)."""
    width, height = size
    part_width = width * (roi.right - roi.left if roi else 1.0)
    part_height = height * (roi.bottom - roi.top if roi else 1.0)
    scale = min(INPUT_WIDTH / part_width, INPUT_HEIGHT / part_height)
    return (round(width * scale / 2) * 2, round(height * scale / 2) * 2) if scale <= LARGEST_SCALE else None


def letterbox_small(small: NDArray[np.uint8], size: tuple[int, int], roi: Roi | None) -> tuple[NDArray[np.uint8], Placement]:
    """`Frame.small` (h, w) as the detector's input, placed in the frame of `size` (width, height) that it was shrunk from:
    what `letterbox(frame.rgb, roi)` gives, without touching the frame."""
    picture, placement = letterbox(small, roi)
    along, down = size[0] / small.shape[1], size[1] / small.shape[0]
    return picture, replace(
        placement,
        origin_x=placement.origin_x * along,
        origin_y=placement.origin_y * down,
        scale_x=placement.scale_x / along,
        scale_y=placement.scale_y / down,
    )
