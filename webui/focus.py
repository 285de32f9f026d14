"""Focus: the sharpness of a picture as one figure, which the focus aid of the Live tab shows while somebody turns the lens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.regions import WHOLE, region_of
from engine.settings import LprSettings
from engine.types import Roi

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROWS = 64
"""Rows that are looked at, spread over the region: enough to tell, and well under 1 ms."""
FLAT = 4.0
"""Variance of the grey below which there is nothing to focus on."""


def focus_region(settings: LprSettings) -> Roi:
    """Where the sharpness counts: where plates are read."""
    return region_of(settings) or WHOLE


def sharpness(rgb: NDArray[np.uint8], roi: Roi = WHOLE) -> float:
    """0 (blurred or empty) to 100: the energy of the steps along the rows of a frame (H, W, 3) inside `roi`, in relation to
    its contrast, so that light and exposure do not count. Compare only figures of the same view: best of all is best."""
    import numpy as np

    height, width = rgb.shape[:2]
    part = rgb[int(roi.top * height) : max(int(roi.bottom * height), 1), int(roi.left * width) : max(int(roi.right * width), 8), 1]
    rows = part[:: max(1, part.shape[0] // ROWS)].astype(np.float32)
    if rows.shape[0] < 1 or rows.shape[1] < 8:
        return 0.0
    pairs = rows[:, 1:] + rows[:, :-1]  # the mean of two neighbours: the sensor's noise is no sharpness
    contrast = float(np.var(pairs))
    if contrast < FLAT * 4:
        return 0.0
    steps = pairs[:, 2:] - pairs[:, :-2]
    return min(100.0, 100.0 * float(np.sqrt(np.mean(np.square(steps)) / (4 * contrast))))
