"""Approach: one photograph as the views that a camera takes of a car that drives up and stops, with the plates' boxes in each."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from board.kit.dataclass import dataclass
from engine.types import Box

U8 = NDArray[np.uint8]

FROM_SCALE = 0.6
MOVING = 2 / 3
"""The car grows from FROM_SCALE of the photograph to its full size over this share of the views, then it stands."""
DRIFT = 0.08
"""How far beside its place in the photograph it may start, as a share of the picture's sides."""
SHAKE = 0.002
BLUR_PX = 1.2
MOTION_PX = 2.0
"""Half the length of the smear of a moving car."""
GAMMA = (0.65, 1.5)
GAIN = (0.8, 1.15)
NOISE = (1.5, 8.0)
"""Standard deviation in grey levels."""


@dataclass(frozen=True, slots=True)
class View:
    """`rgb` of the photograph's own size; `boxes`: where the given boxes lie in it."""

    rgb: U8
    boxes: tuple[Box, ...]


def approach(rgb: U8, boxes: Sequence[Box], views: int, seed: int, name: str) -> Iterator[View]:
    """The views in order; the same for the same seed and picture name, whatever was asked for before.

    Each is shifted, scaled, blurred, exposed and noised on its own; beyond the photograph its edge goes on."""
    draw = np.random.default_rng([seed, zlib.crc32(name.encode(errors="surrogateescape"))])
    height, width = rgb.shape[:2]
    across, down = (round((0.5 / FROM_SCALE - 0.5 + DRIFT) * side) + 2 for side in (width, height))
    wide = Image.fromarray(np.pad(rgb, ((down, down), (across, across), (0, 0)), mode="edge"))
    drift = draw.uniform(-DRIFT, DRIFT, 2)
    moving = max(1, round(views * MOVING))
    for number in range(views):
        way = min(1.0, number / moving)
        scale = FROM_SCALE + (1 - FROM_SCALE) * way
        shift = drift * (1 - way) + draw.normal(0, SHAKE, 2).clip(-3 * SHAKE, 3 * SHAKE) * (1 - way)
        seen = (width / scale, height / scale)
        left = min(max(width / 2 - seen[0] / 2 + shift[0] * width, -across), width + across - seen[0])
        top = min(max(height / 2 - seen[1] / 2 + shift[1] * height, -down), height + down - seen[1])
        part = (left + across, top + down, left + across + seen[0], top + down + seen[1])
        view = wide.resize((width, height), Image.Resampling.BICUBIC, part)
        view = view.filter(ImageFilter.GaussianBlur(draw.uniform(0, BLUR_PX)))
        if way < 1:
            view = view.filter(ImageFilter.BoxBlur((0, draw.uniform(0, MOTION_PX))))
        placed = tuple(
            (round((x - left) * scale), round((y - top) * scale), round(w * scale), round(h * scale)) for x, y, w, h in boxes
        )
        yield View(_exposed(np.asarray(view), draw), placed)


def _exposed(rgb: U8, draw: np.random.Generator) -> U8:
    curve = 255 * draw.uniform(*GAIN) * (np.arange(256) / 255) ** draw.uniform(*GAMMA)
    noise = draw.standard_normal(rgb.shape[:2], np.float32) * np.float32(draw.uniform(*NOISE))
    lit = curve.astype(np.float32)[rgb]
    lit += noise[:, :, None]
    return lit.clip(0, 255, out=lit).astype(np.uint8)
