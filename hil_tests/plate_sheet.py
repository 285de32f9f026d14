"""Plate sheet: the printed page in front of the lens: two plates on A4 landscape, as PDF to print and as a picture to replay.

What draws it is imported by who draws: most of the bench asks for the plates alone, and numpy takes as long as all else of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image, ImageFont

PLATES = ("BL 482 KD", "KA 317 TR")
"""Two, with no character in common at any place, so that a camera that reads both has read."""

PAGE_MM = (297, 210)
PLATE_MM = (260, 55)
"""Half of an EU plate (520 x 110 mm): stands at half the distance of a car."""
CENTRES_MM = ((148.5, 62), (148.5, 142))
TEXT_MM = (215, 37.5)
"""The row of characters, narrowed to this as plates are."""
NAVY, INK, PAPER = (20, 50, 150), (16, 16, 16), (255, 255, 255)

SCENE_PX = (1280, 960)
SCENE_PX_PER_MM = 1.25
"""Characters of 47 px: a sheet 60 cm before a lens of 60 degrees."""


def page(px_per_mm: float) -> Image.Image:
    """The sheet, white, with one line on what it is for."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (round(PAGE_MM[0] * px_per_mm), round(PAGE_MM[1] * px_per_mm)), PAPER)
    draw = ImageDraw.Draw(image)
    for text, centre in zip(PLATES, CENTRES_MM, strict=True):
        _draw_plate(image, text, centre, px_per_mm)
    note = "Gatewright bench test: print at 100 % on A4, hold it flat and lit evenly, the whole sheet in the picture"
    draw.text((PAGE_MM[0] / 2 * px_per_mm, 200 * px_per_mm), note, fill=(120, 120, 120), anchor="mm", font=_font(4 * px_per_mm))
    return image


def write_pdf(path: Path) -> None:
    """A4 landscape at 300 dots an inch."""
    page(300 / 25.4).save(path, "PDF", resolution=300.0)


def scene() -> NDArray[np.uint8]:
    """What a camera sees of the sheet: grey wall, a little grain; uint8 (960, 1280, 3)."""
    import numpy as np
    from PIL import Image

    across, down = np.meshgrid(np.linspace(70, 110, SCENE_PX[0]), np.linspace(0, 40, SCENE_PX[1]))
    grain = np.random.default_rng(1).normal(0, 3, across.shape)
    wall = np.clip(across + down + grain, 0, 255).astype(np.uint8)
    image = Image.fromarray(wall).convert("RGB")
    sheet = page(SCENE_PX_PER_MM * 3).resize([round(side * SCENE_PX_PER_MM) for side in PAGE_MM], Image.Resampling.LANCZOS)
    image.paste(sheet, ((SCENE_PX[0] - sheet.width) // 2, 400))
    return np.asarray(image)


def _draw_plate(image: Image.Image, text: str, centre_mm: tuple[float, float], scale: float) -> None:
    from PIL import Image, ImageDraw

    draw = ImageDraw.Draw(image)
    x, y = centre_mm
    left, top = (x - PLATE_MM[0] / 2) * scale, (y - PLATE_MM[1] / 2) * scale
    right, bottom = left + PLATE_MM[0] * scale, top + PLATE_MM[1] * scale
    edge = max(1, round(1.2 * scale))
    draw.rounded_rectangle((left, top, right, bottom), 5 * scale, fill=(240, 240, 236), outline=INK, width=edge)
    draw.rounded_rectangle((left + 2 * scale, top + 2 * scale, left + 21 * scale, bottom - 2 * scale), 3 * scale, fill=NAVY)
    letters = Image.new("L", (2000, 400))
    ImageDraw.Draw(letters).text((1000, 200), text, fill=255, anchor="mm", font=_font(300), stroke_width=7)
    row = letters.crop(letters.getbbox()).resize((round(TEXT_MM[0] * scale), round(TEXT_MM[1] * scale)), Image.Resampling.LANCZOS)
    at = (round((left + 22 * scale + right) / 2 - row.width / 2), round((top + bottom) / 2 - row.height / 2))
    image.paste(INK, (*at, at[0] + row.width, at[1] + row.height), row)


def _font(size_px: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size_px)  # the one font that every Pillow carries
