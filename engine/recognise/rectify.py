"""Rectify: a plate box of a frame becomes the OCR's picture, 64 x 128 grey, stretched in shape and in contrast."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.types import PlateBox

U8 = NDArray[np.uint8]

HEIGHT = 64
WIDTH = 128
SMALLEST_SPREAD = 24


@dataclass(frozen=True, slots=True)
class Margin:
    """How far the crop reaches beyond the box, as shares of its width and height; negative cuts into it."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


@dataclass(frozen=True, slots=True)
class PlateCrop:
    """`picture`: (64, 128) grey for the OCR; `left`, `top`, `width`, `height`: the part of the frame that it shows, in pixels."""

    picture: U8
    left: float
    top: float
    width: float
    height: float


def stretch_contrast(grey: U8) -> U8:
    """Grey levels at the 1 % and 99 % points of the histogram go to 0 and 255 (spread at least 24), clipped.

    The same as in training (scripts/ocr/picture.py), to the last step."""
    counts = np.cumsum(np.bincount(grey.ravel(), minlength=256))
    low = int(np.searchsorted(counts, 0.01 * grey.size))
    high = int(np.searchsorted(counts, 0.99 * grey.size))
    if high - low < SMALLEST_SPREAD:
        middle = (high + low) / 2
        low, high = int(middle - SMALLEST_SPREAD / 2), int(middle + SMALLEST_SPREAD / 2)
    table = np.clip((np.arange(256) - low) * 255.0 / (high - low) + 0.5, 0, 255).astype(np.uint8)
    return table[grey]


def network_picture(image: Image.Image, box: tuple[float, float, float, float]) -> U8:
    """A part of a grey image as the OCR's (64, 128) picture: area filter where both sides shrink, else bilinear."""
    shrinks = box[2] - box[0] >= WIDTH and box[3] - box[1] >= HEIGHT
    filter_ = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    return stretch_contrast(np.asarray(image.resize((WIDTH, HEIGHT), filter_, box)))


def rectify(rgb: U8, plate: PlateBox, margin: Margin) -> PlateCrop:
    """The plate's crop from a frame (H, W, 3): the upright box around its corners plus the margin, cut to the frame."""
    xs, ys = [x for x, _ in plate.corners], [y for _, y in plate.corners]
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    frame_height, frame_width = rgb.shape[:2]
    left = min(max(min(xs) - margin.left * width, 0.0), frame_width - 2.0)
    top = min(max(min(ys) - margin.top * height, 0.0), frame_height - 2.0)
    right = min(max(max(xs) + margin.right * width, left + 2.0), float(frame_width))
    bottom = min(max(max(ys) + margin.bottom * height, top + 2.0), float(frame_height))
    # only the pixels of the plate are made grey
    x0, y0 = int(left), int(top)
    part = rgb[y0 : math.ceil(bottom), x0 : math.ceil(right)]
    image = Image.fromarray(part).convert("L")
    picture = network_picture(image, (left - x0, top - y0, right - x0, bottom - y0))
    return PlateCrop(picture, left, top, right - left, bottom - top)


def whole(rgb: U8) -> PlateCrop:
    """A picture (H, W, 3) that is one plate."""
    height, width = rgb.shape[:2]
    image = Image.fromarray(rgb).convert("L")
    return PlateCrop(network_picture(image, (0.0, 0.0, float(width), float(height))), 0.0, 0.0, float(width), float(height))
