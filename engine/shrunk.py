"""Shrunk: a picture of the frame ring, smaller, without ever holding the whole of it."""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING

from engine.ring import OpenShot

if TYPE_CHECKING:
    from PIL import Image

BAND_ROWS = 64
"""Rows that are read and shrunk at a time: a whole picture of the camera would be 9 MB more on a small board."""
MARGIN_ROWS = 2
"""Rows above and below a band that its neighbours' pixels are mixed from."""


def shrunk(shot: OpenShot, size: tuple[int, int]) -> Image.Image:
    """RGB, `size` (width, height); the same as the whole picture shrunk at once."""
    from PIL import Image

    width, height = size
    step = shot.height / height
    image = Image.new("RGB", size)
    for top in range(0, height, BAND_ROWS):
        bottom = min(top + BAND_ROWS, height)
        first, last = max(0, top - MARGIN_ROWS), min(height, bottom + MARGIN_ROWS)
        begin, end = floor(first * step), min(shot.height, ceil(last * step))
        band = Image.frombytes("RGB", (shot.width, end - begin), shot.rows(begin, end - begin))
        if size != (shot.width, shot.height):
            box = (0, first * step - begin, shot.width, min(last * step - begin, end - begin))
            band = band.resize((width, last - first), Image.Resampling.BILINEAR, box, reducing_gap=2.0)
        image.paste(band.crop((0, top - first, width, bottom - first)), (0, top))
    return image
