"""Crop to network picture, in numpy and Pillow alone: stretched to 64x128 and its contrast stretched, as on the camera.

The product does the same in engine/recognise; `tests/unit/scripts/test_plates.py` compares the two.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scripts.training.ocr.alphabet import HEIGHT_PX, WIDTH_PX

SMALLEST_SPREAD = 24


def resize(grey: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Grey (H, W) at another size: area filter where both sides shrink, else bilinear."""
    shrinks = grey.shape[0] >= height and grey.shape[1] >= width
    filter_ = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(grey).resize((width, height), filter_))


def stretch_contrast(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey levels at the 1 % and 99 % points of the histogram go to 0 and 255 (spread at least 24), clipped."""
    counts = np.cumsum(np.bincount(grey.ravel(), minlength=256))
    low = int(np.searchsorted(counts, 0.01 * grey.size))
    high = int(np.searchsorted(counts, 0.99 * grey.size))
    if high - low < SMALLEST_SPREAD:
        middle = (high + low) / 2
        low, high = int(middle - SMALLEST_SPREAD / 2), int(middle + SMALLEST_SPREAD / 2)
    table = np.clip((np.arange(256) - low) * 255.0 / (high - low) + 0.5, 0, 255).astype(np.uint8)
    return table[grey]


def network_picture(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A crop of any size as the network's (64, 128) grey picture."""
    return stretch_contrast(resize(grey, HEIGHT_PX, WIDTH_PX))


def fold(text: str) -> str:
    """O = 0 and I = 1: what a reader cannot tell apart without the country's format."""
    return text.replace("O", "0").replace("I", "1")
