"""Accuracy of an OCR model over labelled sets: exact and folded (O = 0, I = 1), from the labels' own boxes.

`python -m scripts.training.ocr.evaluate --model models/ocr.tflite [--plates DIR] [--margins 0 0.1 0.2] [--misses]` prints a table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.cli.labels import held_out
from engine.countries import to_shapes
from engine.recognise.interpreter import Network
from engine.recognise.ocr import Ocr
from engine.recognise.steps import characters
from scripts.training.crops import DEV_SETS, PlateLabel, cut, possible_countries, read_labels
from scripts.training.ocr.alphabet import ALPHABET, COUNTRIES, ROWS
from scripts.training.ocr.picture import fold, network_picture

REPOSITORY = Path(__file__).resolve().parents[3]
PLATES = REPOSITORY.parent / "shared" / "data" / "plates"

Read = tuple[str, str]
"""Text in the alphabet's shapes, and the code of the likeliest country ("" for none)."""
Reader = Callable[[NDArray[np.uint8]], list[Read]]
"""What is read in network pictures (n, 64, 128) uint8."""

CROP_SETS = {
    # name of a score -> crop sets of which the held-out texts are scored
    "us-crops": ("us-plates-openalpr",),
    "br-crops": ("br-plates-openalpr",),
    "ar": ("ar-cnnocr",),
    "vn": ("vn-crops",),
    "cn": ("cn-rodney", "cn-lprnet", "cn-easypr"),
    "eg": ("eg-ealpr-crops",),
    "tn": ("tn-crops",),
    "two-row": ("eu-tworow-agreed", "vn-tworow-agreed"),
    "ir": ("ir-rajabi-crops",),
    "cz": ("cz-iwt-agreed",),
}
MOST_CROPS = 120


@dataclass(frozen=True, slots=True)
class Score:
    """Result on one set: plates, exact reads, reads right after folding, (wanted, read) of the misses; plates whose country is
    known, and those where the head's best country is it."""

    name: str
    plates: int
    exact: int
    folded: int
    misses: tuple[tuple[str, str], ...]
    known_countries: int
    right_countries: int

    def __str__(self) -> str:
        share = 100.0 / max(1, self.plates)
        country = f" c{100 * self.right_countries / self.known_countries:.0f}" if self.known_countries else ""
        return f"{self.name} {self.exact * share:.1f}/{self.folded * share:.1f}{country}"


def scored_crops(plates: Path, margin: float) -> dict[str, tuple[NDArray[np.uint8], list[PlateLabel]]]:
    """Score's name -> network pictures (n, 64, 128) and labels: the dev sets, and the crop sets' held-out texts (at most
    MOST_CROPS, evenly taken). Boxes are widened by `margin`; a crop is taken whole."""
    found = {name: [name] for name in DEV_SETS} | {name: list(sets) for name, sets in CROP_SETS.items()}
    scored = {}
    for name, sets in found.items():
        tables = [plates / each / "labels.csv" for each in sets]
        labels = [label for table in tables if table.is_file() for label in read_labels(table)]
        if name in CROP_SETS:
            labels = [label for label in labels if held_out(label.text)]
            labels = labels[:: max(1, len(labels) // MOST_CROPS)]
        if labels:
            scored[name] = np.stack([network_picture(cut(label, margin=margin)) for label in labels]), labels
    return scored


def score(name: str, reads: Sequence[Read], wanted: Sequence[Read]) -> Score:
    """Compare what was read with texts, in the alphabet's shapes too, and countries as the sets write them."""
    pairs = [(text, read) for (text, _), (read, _) in zip(wanted, reads, strict=True)]
    misses = tuple((text, read) for text, read in pairs if fold(text) != fold(read))
    possible = [possible_countries(country) for _, country in wanted]
    known = [i for i, mask in enumerate(possible) if not mask.all()]
    right = sum(bool(possible[i][COUNTRIES.index(reads[i][1])]) for i in known if reads[i][1])
    exact = sum(text == read for text, read in pairs)
    return Score(name, len(pairs), exact, len(pairs) - len(misses), misses, len(known), right)


def read_steps(steps: NDArray[np.float32], logits: NDArray[np.float32]) -> list[Read]:
    """What probabilities (n, steps, symbols) and country logits (n, countries) say."""
    texts = ("".join(ALPHABET[at] for at in characters(each, ROWS)[0].argmax(1)) for each in steps)
    return [(text, COUNTRIES[at]) for text, at in zip(texts, logits.argmax(1).tolist(), strict=True)]


def model_reader(path: Path) -> Reader:
    """A model file as the product reads with it, of whatever kind its card says."""
    ocr = Ocr(Network(path, "ocr"))

    def read(pictures: NDArray[np.uint8]) -> list[Read]:
        seen = [ocr.read(picture) for picture in pictures]
        return [(one.text, max(one.head, key=lambda code: one.head[code], default="")) for one in seen]

    return read


def evaluate(reader: Reader, plates: Path, margin: float) -> list[Score]:
    """Scores of every set found."""
    return [
        score(name, reader(pictures), [(to_shapes(label.text), label.country) for label in labels])
        for name, (pictures, labels) in scored_crops(plates, margin).items()
    ]


def main(arguments: list[str]) -> int:
    """Print one line per margin."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=REPOSITORY / "models" / "ocr.tflite")
    parser.add_argument("--plates", type=Path, default=PLATES)
    parser.add_argument("--margins", type=float, nargs="+", default=[0.0, 0.05, 0.1, 0.15, 0.2])
    parser.add_argument("--misses", action="store_true", help="print what was read instead")
    options = parser.parse_args(arguments)
    reader = model_reader(options.model)
    print("exact/folded % of the plates in the labels' boxes widened by the margin on every side")
    for margin in options.margins:
        scores = evaluate(reader, options.plates, margin)
        plates, folded = sum(s.plates for s in scores), sum(s.folded for s in scores)
        print(f"margin {margin:4.0%}  " + "  ".join(map(str, scores)) + f"  together {100 * folded / max(1, plates):.1f} folded")
        if options.misses:
            for result in scores:
                print("   ", result.name, " ".join(f"{wanted}>{read}" for wanted, read in result.misses))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
