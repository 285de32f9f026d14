"""Text that is no plate, measured: lines of a camera and signs are drawn into plate-free photographs and read by the product.

    .venv/bin/python -m scripts.training.detector.overlays [--models DIR]... [--plates DIR]

Each held-out plate-free picture gets a line of every kind, its text, size and font by chance (the same for the same picture),
then JPEG. None of the texts is one that the training draws. Prints for every kind in how many pictures something is read there, at
any confidence and at SURE_PCT and more: two columns for each folder of models. Needs the product's environment and fonts.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.cli.evaluate import table
from engine.cli.labels import NEGATIVES, read_set
from engine.recognise.pipeline import MODELS, Recogniser
from engine.regions import iou
from engine.types import Box
from scripts.plates.fonts import font_files, lettering_of
from scripts.training.ocr.evaluate import PLATES

U8 = NDArray[np.uint8]

SURE_PCT = 80
LEAST_WIDTH_PX = 640
NAMES = (
    "NORTH", "YARD 2", "RAMP", "BARRIER A", "LPR-IN", "Zufahrt 1", "Schranke", "DRIVEWAY", "HIKVISION", "07.02.2031 08:15:44",
    "2031-06-09 23:50", "Mon 11:42", "DEPOT SUED", "K12", "A01", "BAY 7", "TOR3X", "WEST04",
)  # fmt: skip
SIGNS = (
    "PHARMACY", "BAKERY", "A7 WEST", "200 m", "0664 123456", "TEL 555 0147", "2,1 m", "B 96", "LKW", "24 H", "SHELL", "GARAGE",
    "KM 48", "ZONE 30", "PUSH", "UNIT 5",
)  # fmt: skip
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
BOARDS = (
    ((240, 240, 235), (20, 20, 20)),
    ((20, 60, 160), (245, 245, 245)),
    ((200, 30, 30), (250, 250, 250)),
    ((250, 210, 40), (10, 10, 10)),
)
"""Grounds and inks of signs."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a line is drawn. `box`: its ground, `opaque`: of 255, by chance between the two; `outline`: in black around the ink."""

    box: tuple[int, int, int] | None = None
    ink: tuple[int, int, int] = WHITE
    opaque: tuple[int, int] = (255, 255)
    outline: bool = False
    board: bool = False


KINDS = {
    "white in a black box at the edge": Kind(BLACK),
    "black in a white box at the edge": Kind(WHITE, BLACK),
    "white in a half transparent box": Kind(BLACK, opaque=(90, 190)),
    "white with a black outline": Kind(outline=True),
    "white alone": Kind(),
    "a sign amid the picture": Kind(board=True),
}


def drawn(photograph: Image.Image, kind: Kind, rng: random.Random, fonts: Sequence[str]) -> tuple[U8, Box]:
    """The photograph with a line of this kind, after JPEG, and where the line lies."""
    image = photograph.convert("RGB")
    if image.width < LEAST_WIDTH_PX:
        image = image.resize((LEAST_WIDTH_PX, image.height * LEAST_WIDTH_PX // image.width))
    size = max(14, int(image.height * rng.uniform(0.022, 0.045)))
    font = ImageFont.truetype(rng.choice(fonts), size)
    text = rng.choice(SIGNS if kind.board else NAMES)
    left, top, right, bottom = (int(side) for side in font.getbbox(text))
    pad = int(0.3 * size)
    width, height = right - left + 2 * pad, bottom - top + 2 * pad
    x, y = rng.choice((8, image.width - width - 10, (image.width - width) // 2)), rng.choice((8, image.height - height - 10))
    ground, ink = kind.box, kind.ink
    if kind.board:
        x, y = rng.randint(0, max(image.width - width - 1, 0)), rng.randint(image.height // 5, image.height * 3 // 4)
        ground, ink = rng.choice(BOARDS)
    if ground is not None:
        seen = Image.new("L", image.size, 0)
        ImageDraw.Draw(seen).rectangle((x, y, x + width, y + height), fill=rng.randint(*kind.opaque))
        image.paste(Image.new("RGB", image.size, ground), (0, 0), seen)
    place, stroke = (x + pad - left, y + pad - top), 2 if kind.outline else 0
    ImageDraw.Draw(image).text(place, text, font=font, fill=ink, stroke_width=stroke, stroke_fill=BLACK)
    coded = io.BytesIO()
    image.save(coded, "JPEG", quality=rng.randint(60, 92))
    return np.asarray(Image.open(coded).convert("RGB")), (x, y, width, height)


def pictures(plates: Path, fonts: Sequence[str]) -> Iterator[tuple[str, U8, Box]]:
    """(kind, picture, where its line lies) for every kind and held-out plate-free photograph."""
    for path in read_set(plates / NEGATIVES, held_out_only=True).pictures:
        with Image.open(path) as photograph:
            for name, kind in KINDS.items():
                yield name, *drawn(photograph, kind, random.Random(f"{path.name} {name}"), fonts)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.training.detector.overlays", description=__doc__)
    parser.add_argument("--models", type=Path, action="append", help="a folder of models (default: the shipped ones)")
    parser.add_argument("--plates", type=Path, default=PLATES)
    options = parser.parse_args(arguments)
    readers = {str(folder): Recogniser(folder) for folder in options.models or [MODELS]}
    fonts = lettering_of(font_files(with_shared=False))
    counts = {name: Counter[str]() for name in KINDS}
    for name, rgb, box in pictures(options.plates, fonts):
        counts[name]["pictures"] += 1
        for folder, reader in readers.items():
            here = [read.confidence for read in reader.read(rgb) if iou(read.box, box) > 0]
            counts[name][f"{folder}: read"] += bool(here)
            counts[name][f"at {SURE_PCT} %, {folder}"] += any(confidence >= SURE_PCT for confidence in here)
    rows: list[dict[str, object]] = [{"drawn": name, **count} for name, count in counts.items()]
    print(*table(rows), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
