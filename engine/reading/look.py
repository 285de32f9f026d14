"""Look: how a plate was seen when it was read: tilt, sharpness, light; what the check page judges the installation by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.types import PlateLook, PlateRead

EVERY_PX = 16
"""The whole picture's light is taken from every so many rows and columns."""
DARK_GREY = 45
"""Mean grey (0..255) of a whole picture below which it is night."""
COLOURLESS = 3.0
"""Mean difference of red and blue below which a picture has no colour: a camera that sees by infrared."""


def look_of(rgb: NDArray[np.uint8], read: PlateRead, preset: str) -> PlateLook | None:
    """Of `read` in its frame (H, W, 3); None when its box lies outside. `preset`: the camera's exposure, "night" settles it.

    An edge of a character is as wide as the contrast of the plate divided by its steepest step: plates of photographs
    that were blurred step by step were read up to about a quarter of the character height, whatever their height."""
    left, top, width, height = read.box
    part = rgb[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width), 1].astype(np.float32)
    if part.shape[0] < 4 or part.shape[1] < 8 or read.char_height_px <= 0:
        return None
    dark, bright = (float(each) for each in np.percentile(part, (5, 95)))
    step = float(np.percentile(np.abs(np.diff(part, axis=1)), 98))
    edge_px = (bright - dark) / max(step, 1.0)
    return PlateLook(
        tilt_deg=round(read.tilt_deg, 1),
        edge_pct=round(min(999.0, 100 * edge_px / read.char_height_px), 1),
        dark=round(dark),
        bright=round(bright),
        night=preset == "night" or _is_night(rgb),
    )


def _is_night(rgb: NDArray[np.uint8]) -> bool:
    few = rgb[::EVERY_PX, ::EVERY_PX].astype(np.int16)
    return float(few[..., 1].mean()) < DARK_GREY or float(np.abs(few[..., 0] - few[..., 2]).mean()) < COLOURLESS
