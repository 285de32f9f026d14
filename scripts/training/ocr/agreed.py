"""Texts for plates that have a box but no text: what both readers agree on, whichever way the plate is cut out.

    python -m scripts.training.ocr.agreed [--plates ../shared/data/plates] [--out .train/agreed.csv]

The product's environment is enough. Most photographs of the world's plates come without texts; what the readers learn from such
plates is that a plate they read from most sides is the same one from the others. Held-out pictures and texts stay out.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from board.pictures import load_rgb
from engine.cli.labels import held_out, picture_held_out, read_set
from engine.recognise.pipeline import Recogniser
from engine.recognise.rectify import Margin, rectify
from engine.regions import iou
from engine.types import Box, PlateBox
from scripts.training.ocr.evaluate import PLATES, REPOSITORY

TABLE = REPOSITORY / ".train" / "agreed.csv"
SETS = ("global-openlpr",)
MARGINS = tuple(Margin(side, side, side, side) for side in (0.04, 0.10, -0.02, 0.07, 0.01))
LEAST_LOOKS = 7
"""So many of the ten looks (both readers at each margin) give the text,"""
LEAST_OF_EACH = 2
"""at least so many of either reader,"""
LEAST_CONFIDENCE_PCT = 60.0
"""and one of them is so sure."""
LEAST_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class Agreed:
    """A plate of a picture and the text that was agreed on."""

    set_name: str
    file: str
    text: str
    box: Box


def agreed_on(recogniser: Recogniser, rgb: NDArray[np.uint8], plate: PlateBox) -> str:
    """The text of a plate; "" when the looks differ, or what they read may be a sign."""
    given: Counter[tuple[str, int]] = Counter()
    surest: dict[str, float] = defaultdict(float)
    for margin in MARGINS:
        crop = rectify(rgb, plate, margin)
        for number in range(len(recogniser.readers)):
            read = recogniser.read_looks(((crop, (number,)),), plate)
            given[read.text, number] += 1
            surest[read.text] = max(surest[read.text], read.confidence)
    for text in surest:
        looks = [given[text, number] for number in range(len(recogniser.readers))]
        if (
            sum(looks) >= LEAST_LOOKS
            and min(looks) >= LEAST_OF_EACH
            and surest[text] >= LEAST_CONFIDENCE_PCT
            and len(text) >= LEAST_CHARACTERS
            and any(character.isdigit() for character in text)
        ):
            return text
    return ""


def found_in(folder: Path, recogniser: Recogniser) -> Iterator[Agreed]:
    """The plates of a set's pictures for training that got a text, each in the detector's box for it where it has one."""
    for picture, labels in read_set(folder / "labels.csv").pictures.items():
        boxes = [label.box for label in labels if label.box and not label.text]
        if not boxes or picture_held_out(folder.name, picture.name):
            continue
        rgb = load_rgb(picture)
        found = recogniser.find(rgb)
        for x, y, w, h in boxes:
            labelled = PlateBox(((x, y), (x + w, y), (x + w, y + h), (x, y + h)), 1.0)
            plate = next((each for each in found if iou(each.box, (x, y, w, h)) >= 0.5), labelled)
            text = agreed_on(recogniser, rgb, plate)
            if text and not held_out(text):
                yield Agreed(folder.name, picture.name, text, plate.box)


def read(table: Path = TABLE) -> list[Agreed]:
    """What `main` wrote; nothing where it wrote nothing."""
    if not table.is_file():
        return []
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        Agreed(row["set"], row["file"], row["text"], (int(row["x"]), int(row["y"]), int(row["w"]), int(row["h"]))) for row in rows
    ]


def main(arguments: Sequence[str]) -> int:
    """Command line, see the module's text."""
    parser = argparse.ArgumentParser(prog="python -m scripts.training.ocr.agreed", description=__doc__.split("\n")[0])
    parser.add_argument("--plates", type=Path, default=PLATES)
    parser.add_argument("--out", type=Path, default=TABLE)
    options = parser.parse_args(arguments)
    recogniser = Recogniser()
    found = [each for name in SETS for each in found_in(options.plates / name, recogniser)]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with options.out.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("set", "file", "text", "x", "y", "w", "h"))
        table.writerows((each.set_name, each.file, each.text, *each.box) for each in found)
    print(f"{options.out}: {len(found)} plates")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
