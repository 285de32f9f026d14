"""Weak spots of the shipped detector as pictures: rendered plates, small or turned, on the drawn street, that it does not find.

    .venv/bin/python -m scripts.training.detector.weak_spots # models/detector-weak-spots.png; prints how many of each kind it finds

Nothing is photographed. The green frame is where the plate is; red is what was found there (IoU under 0.5) or nearby.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from engine.recognise.pipeline import MODELS, Recogniser
from engine.regions import iou
from engine.types import Box
from scripts.demo.street import empty_street
from scripts.plates.families import draw_plate
from scripts.plates.fonts import FontSet, load_fonts

COLUMNS, ROWS = 6, 4
VIEW_WIDTH, VIEW_HEIGHT = 160, 120
PLATES = 60
"""Plates of each kind."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A way of being hard to find: the plate's width in pixels of a 1280x960 frame, and how far it rolls."""

    name: str
    width_px: tuple[int, int]
    roll_deg: tuple[float, float]


KINDS = (
    Kind("upright, 100 to 200 px", (100, 200), (0, 3)),
    Kind("upright, 30 to 50 px", (30, 50), (0, 3)),
    Kind("rolled by 20 to 40 degrees, 60 to 150 px", (60, 150), (20, 40)),
)


def place(scene: Image.Image, kind: Kind, rng: random.Random, fonts: FontSet) -> tuple[Image.Image, Box]:
    """The scene with one rendered plate on a plain dark panel, and the upright box around the plate."""
    plate = Image.fromarray(draw_plate(rng, fonts).grey).convert("RGB")
    width = rng.randint(*kind.width_px)
    height = round(width / rng.choice((2.0, 3.2, 4.4)))
    large = plate.resize((width * 2, height * 2), Image.Resampling.LANCZOS)
    panel = Image.new("RGBA", (width * 5, height * 2 + width * 2), (58, 62, 70, 255))
    left, top = (panel.width - large.width) // 2, (panel.height - large.height) // 2
    panel.paste(large, (left, top))
    mark = Image.new("L", panel.size, 0)
    mark.paste(255, (left, top, left + large.width, top + large.height))
    angle = rng.choice((-1, 1)) * rng.uniform(*kind.roll_deg)
    panel, mark = (i.rotate(angle, Image.Resampling.BICUBIC, expand=True) for i in (panel, mark))
    half = (panel.width // 2, panel.height // 2)
    panel, mark = panel.resize(half, Image.Resampling.BOX), mark.resize(half, Image.Resampling.BOX)
    x, y = rng.randint(0, scene.width - half[0]), rng.randint(scene.height // 3, scene.height - half[1])
    shown = scene.copy()
    shown.paste(panel.convert("RGB"), (x, y), panel.getchannel("A"))
    rows, columns = np.nonzero(np.asarray(mark) > 127)
    box = (x + int(columns.min()), y + int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
    return shown.filter(ImageFilter.GaussianBlur(0.7)), box


def view(scene: Image.Image, wanted: Box, found: list[Box]) -> Image.Image:
    """The surroundings of the plate with the frames drawn in."""
    scale = VIEW_WIDTH / max(2.2 * wanted[2], 90)
    x0, y0 = wanted[0] + wanted[2] / 2 - VIEW_WIDTH / scale / 2, wanted[1] + wanted[3] / 2 - VIEW_HEIGHT / scale / 2
    part = scene.transform(
        (VIEW_WIDTH, VIEW_HEIGHT), Image.Transform.AFFINE, (1 / scale, 0, x0, 0, 1 / scale, y0), Image.Resampling.BICUBIC
    )
    draw = ImageDraw.Draw(part)
    for (x, y, w, h), colour in [*((box, (230, 40, 40)) for box in found), (wanted, (60, 220, 90))]:
        draw.rectangle(((x - x0) * scale, (y - y0) * scale, (x + w - x0) * scale, (y + h - y0) * scale), outline=colour)
    return part


def main(arguments: list[str]) -> int:
    """Writes the sheet into the folder of models (the first argument, or `models`)."""
    folder = Path(arguments[0]) if arguments else MODELS
    recogniser, fonts, rng = Recogniser(folder), load_fonts(with_shared=False), random.Random(1)
    street = empty_street(1)
    sheet = Image.new("RGB", (COLUMNS * (VIEW_WIDTH + 4), ROWS * (VIEW_HEIGHT + 4)), (255, 255, 255))
    shown = 0
    for kind in KINDS:
        missed = 0
        for _ in range(PLATES):
            scene, wanted = place(street, kind, rng, fonts)
            found = [plate.box for plate in recogniser.find(np.asarray(scene))]
            if any(iou(wanted, box) >= 0.5 for box in found):
                continue
            missed += 1
            if shown < COLUMNS * ROWS:
                at = (shown % COLUMNS * (VIEW_WIDTH + 4) + 2, shown // COLUMNS * (VIEW_HEIGHT + 4) + 2)
                sheet.paste(view(scene, wanted, found), at)
                shown += 1
        print(f"{kind.name}: {PLATES - missed} of {PLATES} found")
    sheet.crop((0, 0, sheet.width, -(-shown // COLUMNS) * (VIEW_HEIGHT + 4))).save(
        folder / "detector-weak-spots.png", optimize=True
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
