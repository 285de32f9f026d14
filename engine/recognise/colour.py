"""Colour: the plain colour of a plate's ground and of its characters, from the frame's pixels; silent where the light hides it.

Ground and characters are told apart by brightness (the ground covers more), so shadow does not matter; the light of the frame
(grey world, followed half way) takes out most of a lamp's cast. At night, under infra-red, everything is "".
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.types import PlateBox

U8 = NDArray[np.uint8]
Pixel = NDArray[np.floating]
Light = tuple[float, float, float]
"""What a grey thing's red, green and blue are multiplied by in this light."""

STEP_PX = 40
"""Distance of the pixels that are sampled for the light of a frame; a small frame gets at least sixteen samples a side."""
LEAST_CHROMA = 4.0
"""A frame whose pixels are on average less colourful (largest less smallest channel) is grey: infra-red or a grey camera."""
STRONGEST_CAST = 1.7
"""A light whose channels differ by more tells no colours (no infra-red filter, sodium lamps)."""
ROWS, COLUMNS = 14, 36
SAMPLED = (0.16, 0.38, 0.92, 0.86)
"""Left, top, right, bottom of the part of a plate that is looked at: without country bands, strips above and frames."""
LEAST_CONTRAST = 0.15
"""Of the brighter colour's brightness."""
LEAST_BRIGHTNESS = 15.0
PARTS = 4
"""Equal parts of a plate, side by side, each made as bright as the others: the edge of a shadow is not a character."""
DEEPEST_SHADOW = 0.45
GREY_SATURATION = 0.20
SURE_SATURATION = 0.28
"""Between the two a light ground's colour may be real or the light's: not told."""
DARK_CHROMA = 32.0
SURE_CHROMA = 42.0
"""The same for the darker of a plate's two colours, at the brightness that makes the lighter one 235; below, it is black."""
DARK_SATURATION = 0.28
CAST_SATURATION = 0.30
HUES = ((18.0, "red"), (33.0, "orange"), (72.0, "yellow"), (172.0, "green"), (255.0, "blue"), (320.0, "purple"), (360.0, "red"))
"""(degrees up to, colour)."""


def light(rgb: U8) -> Light | None:
    """The light of a frame (H, W, 3); None when it is grey or so coloured that no colour can be told."""
    step = max(1, min(STEP_PX, min(rgb.shape[:2]) // 16))
    some = rgb[step // 2 :: step, step // 2 :: step].reshape(-1, 3)
    highest = some.max(axis=1)
    if float((highest - some.min(axis=1)).mean()) < LEAST_CHROMA:
        return None
    burnt = highest >= 250
    mean = np.maximum(some[~burnt].mean(axis=0) if not burnt.all() else some.mean(axis=0), 1.0)
    if float(mean.max() / mean.min()) > STRONGEST_CAST:
        return None
    # half way: a yellow lorry that fills the picture is not yellow light
    gains = np.sqrt(mean.mean() / mean)
    return float(gains[0]), float(gains[1]), float(gains[2])


def colours(rgb: U8, plate: PlateBox, lit: Light | None) -> tuple[str, str]:
    """(ground, ink) of a plate in its frame (H, W, 3), each "white", "black", "red", "orange", "yellow", "green", "blue",
    "purple" or "" when not sure. `lit`: the frame's light; None tells nothing."""
    if lit is None:
        return "", ""
    pixels = _inside(rgb, plate)
    grey = pixels.sum(axis=1, dtype=np.float32)
    grey *= 765.0 / _brightness(grey)
    pixels = pixels[np.argsort(grey)]
    grey.sort()
    count = grey.size
    dark, bright = float(grey[count // 25]), float(grey[-1 - count // 25])
    if bright - dark < LEAST_CONTRAST * 765.0:
        return "", ""
    darker = int(np.searchsorted(grey, (dark + bright) / 2))
    light_ground = darker * 2 <= count
    # the middle third of the ground's pixels, the twelfth of all that is farthest from them
    first, last = (darker, count) if light_ground else (0, darker)
    third = (last - first) // 3
    ground = pixels[first + third : last - third].mean(axis=0) * lit
    ink = (pixels[: count // 12] if light_ground else pixels[-(count // 12) :]).mean(axis=0) * lit
    if light_ground:
        of_ground = _light_name(ground)
        # a grey ground shows the light that falls on the characters, white characters do not: the ground runs into them
        of_ink = _dark_name(ink * (ground.max() / np.maximum(ground, 1.0)) if of_ground == "white" else ink, ground)
        return of_ground, "black" if of_ink == of_ground else of_ink
    if _saturation(ink) > CAST_SATURATION and abs(_saturation(ink) - _saturation(ground)) < 0.2 and _hue(ink) == _hue(ground):
        return "", ""  # one lamp colours both
    of_ground = _dark_name(ground, ink)
    of_ink = _light_name(ink)
    return of_ground, "white" if of_ink in ("", of_ground) else of_ink


def _inside(rgb: U8, plate: PlateBox) -> U8:
    """Pixels (n, 3) on a grid inside the plate's corners, what lies outside the frame taken from its edge."""
    left, top, right, bottom = SAMPLED
    across, down = np.linspace(left, right, COLUMNS)[None, :], np.linspace(top, bottom, ROWS)[:, None]
    weights = ((1 - across) * (1 - down), across * (1 - down), across * down, (1 - across) * down)
    x = sum(weight * corner[0] for weight, corner in zip(weights, plate.corners, strict=True))
    y = sum(weight * corner[1] for weight, corner in zip(weights, plate.corners, strict=True))
    height, width = rgb.shape[:2]
    columns, rows = np.clip(x, 0, width - 1).astype(np.intp), np.clip(y, 0, height - 1).astype(np.intp)
    return rgb[rows, columns].reshape(-1, 3)


def _brightness(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """How bright the brighter of the two colours is at each pixel of the grid: of its part, bounded by the whole plate's."""
    parts = np.sort(grey.reshape(ROWS, PARTS, COLUMNS // PARTS).transpose(1, 0, 2).reshape(PARTS, -1), axis=1)
    levels = parts[:, -1 - parts.shape[1] // 20]
    levels = np.maximum(levels, max(DEEPEST_SHADOW * float(levels.max()), 3 * LEAST_BRIGHTNESS))
    return np.tile(np.repeat(levels, COLUMNS // PARTS), ROWS).astype(np.float32)


def _light_name(pixel: Pixel) -> str:
    """The name of the lighter of a plate's two colours."""
    saturation = _saturation(pixel)
    return "white" if saturation < GREY_SATURATION else "" if saturation < SURE_SATURATION else _hue(pixel)


def _dark_name(pixel: Pixel, lighter: Pixel) -> str:
    """The name of the darker one, at the brightness that makes the lighter one 235."""
    chroma = float(pixel.max() - pixel.min()) * 235.0 / max(float(lighter.max()), 1.0)
    if chroma < DARK_CHROMA or _saturation(pixel) < DARK_SATURATION:
        return "black"
    return _hue(pixel) if chroma >= SURE_CHROMA else ""


def _saturation(pixel: Pixel) -> float:
    return float(pixel.max() - pixel.min()) / max(float(pixel.max()), 1.0)


def _hue(pixel: Pixel) -> str:
    red, green, blue = (float(value) for value in pixel)
    hue = math.degrees(math.atan2(math.sqrt(3) * (green - blue), 2 * red - green - blue)) % 360
    return next(name for upto, name in HUES if hue <= upto)
