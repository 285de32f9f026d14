"""What the product decides before and after the OCR network, measured: crop margins, second looks, and what certainty is made of.

`python -m scripts.training.ocr.looks SET... [--models models] [--all]` takes label files of scenes (labels.csv, agreed.csv or their
folders), cuts each found plate with many margins, and prints how many are read right, before the country grammar. Only plates
held out of training count unless `--all` is given.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from board.pictures import load_rgb
from engine.cli.labels import LabelledSet, read_set
from engine.cli.scoring import SAME_PLATE_IOU
from engine.lists import fold
from engine.recognise.pipeline import MODELS, Recogniser
from engine.recognise.rectify import Margin, rectify
from engine.regions import iou

F32 = NDArray[np.float32]

LEAST_PROBABILITY = 1 / 512
SURE = (0.3, 0.5, 0.6, 0.7)
MARGINS = {f"{share:+d}": Margin(*(share / 100,) * 4) for share in (-4, -2, 0, 2, 4, 6, 8, 10)} | {
    "sides +4": Margin(left=0.04, right=0.04)
}
"""Name: how far the crop reaches beyond the box, in per cent on every side."""
SECOND = (("sides +4", "-2", "+6"), ("+4", "+0", "+8"), ("+4", "-2", "+10"), ("+6", "+2", "+10"), ("+6", "+0", "+10"))
"""First look and the further ones for a plate that it did not read surely."""


@dataclass(frozen=True, slots=True, eq=False)
class Plate:
    """A found plate: its text as labelled and {margin: slot probabilities (slots, symbols)}."""

    wanted: str
    looks: dict[str, F32]


class Study:
    """The plates of some sets as an OCR model sees them."""

    def __init__(self, recogniser: Recogniser, sets: Iterable[LabelledSet]) -> None:
        self._alphabet = recogniser.readers[0].alphabet
        self.plates = list(self._plates(recogniser, sets))

    def _plates(self, recogniser: Recogniser, sets: Iterable[LabelledSet]) -> Iterable[Plate]:
        first = recogniser.readers[0]
        for one in sets:
            for picture, labels in one.pictures.items():
                boxes = [(label.box, label.text) for label in labels if label.box and label.text]
                if not boxes:
                    continue
                rgb = load_rgb(picture)
                found = recogniser.find(rgb)
                for box, text in boxes:
                    plate = max(found, key=lambda each: iou(each.box, box), default=None)
                    if plate and iou(plate.box, box) >= SAME_PLATE_IOU:
                        looks = {name: first.slots(rectify(rgb, plate, margin).picture) for name, margin in MARGINS.items()}
                        yield Plate(fold(text), looks)

    def text(self, slots: F32) -> str:
        return fold("".join(self._alphabet[at] for at in slots.argmax(axis=1)))

    def right(self, plate: Plate, slots: F32) -> bool:
        return self.text(slots) == plate.wanted

    def share(self, read: Callable[[Plate], F32]) -> float:
        """How many plates are read right, 0..1."""
        return float(np.mean([self.right(plate, read(plate)) for plate in self.plates]))


# --- certainty of a read ---------------------------------------------------------------------------------------------


def product(slots: F32) -> float:
    return float(slots.max(axis=1).prod())


def least(slots: F32) -> float:
    return float(slots.max(axis=1).min())


def lead(slots: F32) -> float:
    """The product of how far the best symbol of each slot leads the second best."""
    ordered = np.sort(slots, axis=1)
    return float((ordered[:, -1] - ordered[:, -2]).prod())


def product_of_characters(slots: F32) -> float:
    return float(slots.max(axis=1)[slots.argmax(axis=1) > 0].prod())


def area_under_curve(scores: Sequence[float], right: Sequence[bool]) -> float:
    """How often a right read scores higher than a wrong one, 0..1 (draws count half)."""
    ours = np.array([score for score, ok in zip(scores, right, strict=True) if ok])
    theirs = np.array([score for score, ok in zip(scores, right, strict=True) if not ok])
    return float(((ours[:, None] > theirs).mean() + (ours[:, None] >= theirs).mean()) / 2) if len(ours) and len(theirs) else 0.0


# --- several looks as one ------------------------------------------------------------------------------------------------


def surest(looks: Sequence[F32]) -> F32:
    return max(looks, key=product)


def added(looks: Sequence[F32]) -> F32:
    """The mean of the logarithms, slot by slot, of the looks that have as many characters as the surest; else the surest."""
    best = surest(looks)
    same = [look for look in looks if _length(look) == _length(best)]
    mean: F32 = np.exp(np.mean([np.log(np.maximum(look, LEAST_PROBABILITY)) for look in same], axis=0))
    shares: F32 = mean / mean.sum(axis=1, keepdims=True)
    return shares


def voted(study: Study) -> Callable[[Sequence[F32]], F32]:
    """The surest look of the text that has most certainty over all looks."""

    def read(looks: Sequence[F32]) -> F32:
        texts: dict[str, list[F32]] = defaultdict(list)
        for look in looks:
            texts[study.text(look)].append(look)
        return surest(max(texts.values(), key=lambda same: sum(map(product, same))))

    return read


def _length(slots: F32) -> int:
    return int((slots.argmax(axis=1) > 0).sum())


def looking(names: Sequence[str], sure: float = 0.0, together: Callable[[Sequence[F32]], F32] = surest) -> Callable[[Plate], F32]:
    """How a plate is read: one look, and where that is not sure all of them together."""

    def read(plate: Plate) -> F32:
        first = plate.looks[names[0]]
        return first if product(first) >= sure else together([plate.looks[name] for name in names])

    return read


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.training.ocr.looks", description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--all", action="store_true", help="plates that may have been trained on count too")
    options = parser.parse_args(arguments)
    study = Study(Recogniser(options.models), [read_set(path, held_out_only=not options.all) for path in options.sets])
    print(f"{len(study.plates)} plates; read right (O = 0, I = 1), %")
    for name in MARGINS:
        print(f"  one look, margin {name:9} {100 * study.share(looking([name])):5.1f}")
    ways = {"surest": surest, "voted": voted(study), "added": added}
    for names in SECOND:
        for sure in SURE:
            shares = [f"{way} {100 * study.share(looking(names, sure, together)):5.1f}" for way, together in ways.items()]
            more = np.mean([product(plate.looks[names[0]]) < sure for plate in study.plates])
            print(f"  {' then '.join(names):28} below {sure}: {'  '.join(shares)}  looked again at {100 * more:.0f} %")
    print("certainty: how often a right read scores higher than a wrong one, first looks")
    for score in (product, product_of_characters, least, lead):
        looks = [(plate, plate.looks[name]) for plate in study.plates for name in {names[0] for names in SECOND}]
        area = area_under_curve([score(slots) for _, slots in looks], [study.right(plate, slots) for plate, slots in looks])
        print(f"  {score.__name__:22} {area:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
