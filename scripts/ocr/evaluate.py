"""Accuracy of an OCR model over labelled sets: exact and folded (O = 0, I = 1), from the labels' own boxes.

`python -m scripts.ocr.evaluate --model models/ocr.tflite [--plates DIR] [--margins 0 0.1 0.2] [--misses]` prints a table.
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

from scripts.crops import DEV_SETS, cut, read_labels
from scripts.ocr.network import ALPHABET
from scripts.ocr.picture import decode, fold, network_picture

REPOSITORY = Path(__file__).resolve().parents[2]
PLATES = REPOSITORY.parent / "shared" / "data" / "plates"

Reader = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Pictures (n, 64, 128) uint8 to probabilities (n, 10, 37)."""


@dataclass(frozen=True, slots=True)
class Score:
    """Result on one set: plates, exact reads, reads right after folding, and (wanted, read) of the misses."""

    name: str
    plates: int
    exact: int
    folded: int
    misses: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        share = 100.0 / max(1, self.plates)
        return f"{self.name} {self.exact * share:.1f}/{self.folded * share:.1f}"


def dev_crops(plates: Path, margin: float) -> dict[str, tuple[NDArray[np.uint8], list[str]]]:
    """Set name -> network pictures (n, 64, 128) and texts, boxes widened by `margin`."""
    sets = {}
    for name in DEV_SETS:
        table = plates / name / "labels.csv"
        if table.is_file():
            labels = list(read_labels(table))
            sets[name] = (
                np.stack([network_picture(cut(label, margin=margin)) for label in labels]),
                [label.text for label in labels],
            )
    return sets


def score(name: str, probabilities: NDArray[np.float32], texts: list[str]) -> Score:
    """Compare reads with texts."""
    reads = [decode(p, ALPHABET)[0] for p in probabilities]
    misses = tuple((t, r) for t, r in zip(texts, reads, strict=True) if fold(t) != fold(r))
    exact = sum(t == r for t, r in zip(texts, reads, strict=True))
    return Score(name, len(texts), exact, len(texts) - len(misses), misses)


def open_model(path: Path) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tensorflow.lite.python.interpreter import Interpreter
    return Interpreter(model_path=str(path), num_threads=1)


def tflite_reader(path: Path) -> Reader:
    """The int8 model as a reader; the input is grey - 128."""
    interpreter = open_model(path)
    interpreter.allocate_tensors()
    source, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero = result["quantization"]

    def read(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        rows = []
        for picture in pictures:
            interpreter.set_tensor(source["index"], (picture.astype(np.int16) - 128).astype(np.int8)[None, :, :, None])
            interpreter.invoke()
            rows.append((interpreter.get_tensor(result["index"])[0].astype(np.float32) - zero) * scale)
        return np.stack(rows)

    return read


def evaluate(reader: Reader, plates: Path, margin: float) -> list[Score]:
    """Scores of every dev set found."""
    return [score(name, reader(pictures), texts) for name, (pictures, texts) in dev_crops(plates, margin).items()]


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
