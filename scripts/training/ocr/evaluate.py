"""Accuracy of an OCR model over labelled sets: exact and folded (O = 0, I = 1), from the labels' own boxes.

`python -m scripts.training.ocr.evaluate --model models/ocr.tflite [--plates DIR] [--margins 0 0.1 0.2] [--misses]` prints a table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.cli.labels import held_out
from scripts.training.crops import DEV_SETS, PlateLabel, cut, possible_countries, read_labels
from scripts.training.ocr.network import ALPHABET
from scripts.training.ocr.picture import decode, fold, network_picture

REPOSITORY = Path(__file__).resolve().parents[3]
PLATES = REPOSITORY.parent / "shared" / "data" / "plates"

Reader = Callable[[NDArray[np.uint8]], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Pictures (n, 64, 128) uint8 to slot probabilities (n, 12, symbols) and country logits (n, countries)."""

CROP_SETS = {
    # name of a score -> crop sets of which the held-out texts are scored
    "us-crops": ("us-plates-openalpr",),
    "br-crops": ("br-plates-openalpr",),
    "ar": ("ar-cnnocr",),
    "vn": ("vn-crops",),
    "cn": ("cn-rodney", "cn-lprnet", "cn-easypr"),
    "eg": ("eg-ealpr-crops",),
    "tn": ("tn-crops",),
    "two-row": ("eu-tworow-agreed",),
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


def score(name: str, probabilities: NDArray[np.float32], logits: NDArray[np.float32], labels: list[PlateLabel]) -> Score:
    """Compare reads with labels."""
    texts, reads = [label.text for label in labels], [decode(p, ALPHABET)[0] for p in probabilities]
    misses = tuple((t, r) for t, r in zip(texts, reads, strict=True) if fold(t) != fold(r))
    exact = sum(t == r for t, r in zip(texts, reads, strict=True))
    possible = [possible_countries(label.country) for label in labels]
    known = [i for i, mask in enumerate(possible) if not mask.all()]
    right = sum(bool(possible[i][logits[i].argmax()]) for i in known)
    return Score(name, len(texts), exact, len(texts) - len(misses), misses, len(known), right)


def open_model(path: Path) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tensorflow.lite.python.interpreter import Interpreter
    return Interpreter(model_path=str(path), num_threads=1)


def tflite_reader(path: Path) -> Reader:
    """The int8 model as a reader; the input is grey - 128. Outputs are told apart by their shapes."""
    interpreter = open_model(path)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]
    slots, country = sorted(interpreter.get_output_details(), key=lambda detail: -len(detail["shape"]))

    def values(detail: Any) -> NDArray[np.float32]:
        scale, zero = detail["quantization"]
        real: NDArray[np.float32] = (interpreter.get_tensor(detail["index"])[0].astype(np.float32) - zero) * scale
        return real

    def read(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        rows = []
        for picture in pictures:
            interpreter.set_tensor(source["index"], (picture.astype(np.int16) - 128).astype(np.int8)[None, :, :, None])
            interpreter.invoke()
            rows.append((values(slots), values(country)))
        return np.stack([row[0] for row in rows]), np.stack([row[1] for row in rows])

    return read


def evaluate(reader: Reader, plates: Path, margin: float) -> list[Score]:
    """Scores of every set found."""
    return [score(name, *reader(pictures), labels) for name, (pictures, labels) in scored_crops(plates, margin).items()]


def main(arguments: list[str]) -> int:
    """Print one line per margin."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=REPOSITORY / "models" / "ocr.tflite")
    parser.add_argument("--plates", type=Path, default=PLATES)
    parser.add_argument("--margins", type=float, nargs="+", default=[0.0, 0.05, 0.1, 0.15, 0.2])
    parser.add_argument("--misses", action="store_true", help="print what was read instead")
    options = parser.parse_args(arguments)
    reader = tflite_reader(options.model)
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
