"""Weak spots as pictures: rendered plates that the model misreads, each with what was wanted and what was read."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from scripts.demo.street import empty_street
from scripts.plates.families import draw_plate
from scripts.plates.fonts import load_fonts
from scripts.training.ocr.alphabet import HEIGHT_PX, WIDTH_PX
from scripts.training.ocr.evaluate import Reader
from scripts.training.ocr.export import augmenter
from scripts.training.ocr.material import Crops, Material
from scripts.training.ocr.picture import fold

COLUMNS, ROWS = 6, 5
TRIES = 400
CAPTION_PX = 30


def draw_weak_spots(reader: Reader, path: Path, seed: int) -> float:
    """Writes a sheet of the first 30 misread plates of augmented rendered ones; returns the share read right (folded).

    Free fonts and drawn backgrounds only: no photograph is in the sheet."""
    rng, fonts = random.Random(seed), load_fonts(with_shared=False)
    street = np.asarray(empty_street(1).convert("L").resize((400, 300)))
    nothing = np.zeros((0, 1, 1), np.uint8)
    augment = augmenter(Material(Crops(nothing, (), (), ()), (street,), Crops(nothing, (), (), ())), seed)
    plates = [draw_plate(rng, fonts) for _ in range(TRIES)]
    pictures = augment(torch.from_numpy(np.stack([plate.grey for plate in plates])), torch.ones(TRIES, dtype=torch.bool))[0].numpy()
    wide, high = WIDTH_PX + 8, HEIGHT_PX + CAPTION_PX
    sheet = Image.new("L", (COLUMNS * wide, ROWS * high), 255)
    draw = ImageDraw.Draw(sheet)
    missed = 0
    for plate, picture, (read, _) in zip(plates, pictures, reader(pictures), strict=True):
        if fold(read) == fold(plate.text):
            continue
        if missed < COLUMNS * ROWS:
            x, y = missed % COLUMNS * wide + 4, missed // COLUMNS * high
            sheet.paste(Image.fromarray(picture), (x, y))
            for line, text in enumerate((plate.text, read or "-")):
                font = ImageFont.truetype(fonts.scripts.lettering_for(text) or fonts.lettering[0], 11)
                draw.text((x, y + HEIGHT_PX + 14 * line), text, fill=0, font=font)
        missed += 1
    sheet.save(path, optimize=True)
    return 1 - missed / TRIES
