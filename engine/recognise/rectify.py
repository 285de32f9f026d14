"""Rectify: a plate of a frame becomes the OCR's picture, 64 x 128 grey: set upright, stretched in shape and in contrast."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from board.kit.dataclass import dataclass
from engine.types import PlateBox, Point

U8 = NDArray[np.uint8]
Corners = tuple[Point, Point, Point, Point]

HEIGHT = 64
WIDTH = 128
SMALLEST_SPREAD = 24
LEAST_LEAN = 0.12
"""A plate is cut upright when no corner lies further than this share of the box's height from a corner of its upright box: about 2
degrees of roll on a long plate, 4 on a US one."""
SMALLEST_SIDE_PX = 3.0


@dataclass(frozen=True, slots=True)
class Margin:
    """How far the crop reaches beyond the box, as shares of its width and height; negative cuts into it."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


NO_MARGIN = Margin()


@dataclass(frozen=True, slots=True)
class PlateCrop:
    """`picture`: (64, 128) grey for the OCR; `left`, `top`: of the frame's part that it shows, in pixels; `width`, `height`:
    its size there, of a tilted plate along its own sides."""

    picture: U8
    left: float
    top: float
    width: float
    height: float


def stretch_contrast(grey: U8) -> U8:
    """Grey levels at the 1 % and 99 % points of the histogram go to 0 and 255 (spread at least 24), clipped.

    The same as in training (scripts/training/ocr/picture.py), to the last step."""
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
    """The plate's crop from a frame (H, W, 3), plus the margin, cut to the frame.

    A tilted plate is set upright by its four corners; any other, and one whose corners cannot be a plate's or whose margin
    leaves the frame, is cut out as the upright box around them."""
    if leans(plate.corners):
        crop = set_upright(rgb, plate.corners, margin)
        if crop is not None:
            return crop
    return cut_upright(rgb, plate.corners, margin)


def leans(corners: Corners) -> bool:
    """Whether the corners lie far from those of the upright box around them, in shares of its height."""
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
    upright = ((left, top), (right, top), (right, bottom), (left, bottom))
    most = max(max(abs(x - ux), abs(y - uy)) for (x, y), (ux, uy) in zip(corners, upright, strict=True))
    return most > LEAST_LEAN * (bottom - top)


def cut_upright(rgb: U8, corners: Corners, margin: Margin) -> PlateCrop:
    """The upright box around the corners and its margin."""
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
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


def set_upright(rgb: U8, corners: Corners, margin: Margin) -> PlateCrop | None:
    """The plate seen from its front; None when it is no convex quadrangle or its margin leaves the frame."""
    if not convex(corners):
        return None
    plane = square_to(corners)
    near_x, near_y, far_x, far_y = -margin.left, -margin.top, 1 + margin.right, 1 + margin.bottom
    ends = [through(plane, point) for point in ((near_x, near_y), (far_x, near_y), (far_x, far_y), (near_x, far_y))]
    left, top = math.floor(min(x for x, _ in ends)), math.floor(min(y for _, y in ends))
    right, bottom = math.ceil(max(x for x, _ in ends)), math.ceil(max(y for _, y in ends))
    if not convex(ends) or left < 0 or top < 0 or right > rgb.shape[1] or bottom > rgb.shape[0]:
        return None
    upper, after, lower, before = (math.dist(a, b) for a, b in zip(ends, ends[1:] + ends[:1], strict=True))
    width, height = (upper + lower) / 2, (after + before) / 2
    image = Image.fromarray(rgb[top:bottom, left:right]).convert("L")
    # the warp reads single pixels: a plate much larger than the picture is averaged down first
    by = (max(int(width / WIDTH + 0.3), 1), max(int(height / HEIGHT + 0.3), 1))
    if by != (1, 1):
        image = image.reduce(by)
    inside = square_to([((x - left) / by[0], (y - top) / by[1]) for x, y in ends])
    numbers = tuple(number / (WIDTH if i % 3 == 0 else HEIGHT if i % 3 == 1 else 1) for i, number in enumerate(inside))
    seen = image.transform((WIDTH, HEIGHT), Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BILINEAR)
    return PlateCrop(stretch_contrast(np.asarray(seen)), float(left), float(top), width, height)


def convex(corners: Sequence[Point]) -> bool:
    """Whether the corners go clockwise (as a picture is seen) around a convex quadrangle with sides of a few pixels."""
    sides = [(bx - ax, by - ay) for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True)]
    turns = [ax * by - ay * bx for (ax, ay), (bx, by) in zip(sides, (*sides[1:], sides[0]), strict=True)]
    return min(turns) > 0 and min(math.hypot(x, y) for x, y in sides) >= SMALLEST_SIDE_PX


def square_to(corners: Sequence[Point]) -> tuple[float, ...]:
    """The projective map that takes the unit square to these corners (Heckbert 1989, section 2.2.2), as a, b, c, d, e, f, g, h:
    x = (a u + b v + c) / (g u + h v + 1), y = (d u + e v + f) / (g u + h v + 1)."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    ax, ay, bx, by = x1 - x2, y1 - y2, x3 - x2, y3 - y2
    sx, sy = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
    area = ax * by - ay * bx
    g, h = (sx * by - sy * bx) / area, (ax * sy - ay * sx) / area
    return x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h


def through(plane: tuple[float, ...], point: Point) -> Point:
    """A point of the unit square, or beyond it, by the map of `square_to`; far outside where it lies behind the eye."""
    a, b, c, d, e, f, g, h = plane
    u, v = point
    depth = max(g * u + h * v + 1, 1e-6)
    return (a * u + b * v + c) / depth, (d * u + e * v + f) / depth


def whole(rgb: U8, margin: Margin = NO_MARGIN) -> PlateCrop:
    """A picture (H, W, 3) that is one plate, more or less of it; beyond it its edge goes on."""
    height, width = rgb.shape[:2]
    image = Image.fromarray(rgb).convert("L")
    left, top, right, bottom = -margin.left * width, -margin.top * height, (1 + margin.right) * width, (1 + margin.bottom) * height
    beyond = [max(math.ceil(side), 0) for side in (-left, -top, right - width, bottom - height)]
    grey = np.asarray(image)
    if any(beyond):
        grey = np.pad(grey, ((beyond[1], beyond[3]), (beyond[0], beyond[2])), mode="edge")
    part = (left + beyond[0], top + beyond[1], right + beyond[0], bottom + beyond[1])
    return PlateCrop(network_picture(Image.fromarray(grey), part), left, top, right - left, bottom - top)
