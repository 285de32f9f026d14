"""`engine evaluate`: accuracy of the whole chain over labelled pictures, per set and together."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from board.kit.errors import ImageError
from engine.cli.labels import COLUMNS, Label, read_labels
from engine.cli.read import add_model_options, recogniser_of
from engine.lists import fold
from engine.recognise.picture import load_rgb
from engine.recognise.pipeline import Recogniser
from engine.types import Box, PlateRead

FOUND_IOU = 0.5
SAME_PLATE_IOU = 0.3
FALSE_IOU = 0.1


@dataclass
class Tally:
    """Counts of one set. `plates`: those with a text; `boxes`: those with a box; `scenes`: pictures that are no crops."""

    name: str
    images: int = 0
    scenes: int = 0
    plates: int = 0
    exact: int = 0
    folded: int = 0
    boxes: int = 0
    found: int = 0
    false_boxes: int = 0
    false_plates: int = 0
    seconds: float = 0.0
    misses: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for name in ("images", "scenes", "plates", "exact", "folded", "boxes", "found", "false_boxes", "false_plates", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_json(self) -> dict[str, object]:
        """Percentages and rates; None where the set has nothing of the kind."""
        return {
            "set": self.name,
            "images": self.images,
            "plates": self.plates,
            "exact_pct": percent(self.exact, self.plates),
            "folded_pct": percent(self.folded, self.plates),
            "boxes": self.boxes,
            "recall_50_pct": percent(self.found, self.boxes),
            "false_boxes_per_image": round(self.false_boxes / self.scenes, 3) if self.scenes else None,
            "false_plates_per_image": round(self.false_plates / self.scenes, 3) if self.scenes else None,
            "ms_per_image": round(1000 * self.seconds / self.images, 2) if self.images else None,
        }


def percent(count: int, total: int) -> float | None:
    return round(100 * count / total, 1) if total else None


def iou(a: Box, b: Box) -> float:
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(across, 0) * max(down, 0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared) if shared else 0.0


def score_picture(recogniser: Recogniser, picture: Path, labels: list[Label], tally: Tally) -> None:
    """Adds one picture: a crop when it has a text and no box, else a scene.

    A scene's plate counts as read when the most confident read that overlaps its label (IoU >= 0.3) equals it."""
    rgb = load_rgb(picture)
    tally.images += 1
    begun = time.perf_counter()
    if labels and labels[0].box is None:
        read = recogniser.read_crop(rgb)
        tally.seconds += time.perf_counter() - begun
        count_text(labels[0].text, read.text, picture, tally)
        return
    reads = recogniser.read(rgb)
    tally.seconds += time.perf_counter() - begun
    tally.scenes += 1
    boxes = [label.box for label in labels if label.box]
    plates = [plate.box for plate in recogniser.find(rgb)]
    tally.boxes += len(boxes)
    tally.found += sum(any(iou(box, plate) >= FOUND_IOU for plate in plates) for box in boxes)
    tally.false_boxes += strangers(plates, boxes)
    tally.false_plates += strangers([read.box for read in reads], boxes)
    for label in labels:
        if label.box and label.text:
            count_text(label.text, text_at(label.box, reads), picture, tally)


def strangers(found: Iterable[Box], labelled: list[Box]) -> int:
    """How many of the boxes touch no label (IoU < 0.1)."""
    return sum(all(iou(box, label) < FALSE_IOU for label in labelled) for box in found)


def text_at(box: Box, reads: list[PlateRead]) -> str:
    return next((read.text for read in reads if iou(read.box, box) >= SAME_PLATE_IOU), "")


def count_text(wanted: str, read: str, picture: Path, tally: Tally) -> None:
    tally.plates += 1
    tally.exact += wanted == read
    if fold(wanted) == fold(read):
        tally.folded += 1
    else:
        tally.misses.append((picture.name, wanted, read))


def evaluate(recogniser: Recogniser, tables: Iterable[Path]) -> list[Tally]:
    """One tally per label file, named after its folder. ConfigError, ImageError: a label file or picture is wrong."""
    tallies = []
    for table in tables:
        tally = Tally(table.resolve().parent.name)
        for picture, labels in read_labels(table).items():
            try:
                score_picture(recogniser, picture, labels, tally)
            except ImageError as why:
                raise ImageError(f"{table}: {why}") from why
        tallies.append(tally)
    return tallies


def together(tallies: Iterable[Tally]) -> Tally:
    """All sets as one: every plate counts the same."""
    total = Tally("together")
    for tally in tallies:
        total.add(tally)
    return total


HEADINGS = ("set", "images", "plates", "exact %", "folded %", "boxes", "recall %", "false boxes", "false plates", "ms")


def table_lines(tallies: Iterable[Tally]) -> list[str]:
    rows = [HEADINGS, *(tuple("-" if v is None else str(v) for v in tally.as_json().values()) for tally in tallies)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS))]
    return ["  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True)))
            for row in rows]  # fmt: skip


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m engine evaluate",
        description=f"Accuracy over labelled pictures. A label file has the columns {','.join(COLUMNS)}; pictures lie beside it."
        " Rows with a box are scenes (own detector), rows without are crops. Recall: label boxes found at IoU 0.5; false: per"
        " picture, touching no label (boxes of the detector, plates that are reported); folded: O = 0 and I = 1.",
    )
    parser.add_argument("tables", nargs="+", type=Path, metavar="LABELS.csv")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--misses", action="store_true", help="list what was read wrong")
    add_model_options(parser)
    options = parser.parse_args(arguments)
    tallies = evaluate(recogniser_of(options), options.tables)
    total = together(tallies)
    if options.json:
        described: dict[str, object] = {"sets": [tally.as_json() for tally in tallies], "together": total.as_json()}
        if options.misses:
            described["misses"] = {tally.name: tally.misses for tally in tallies}
        print(json.dumps(described, ensure_ascii=False))
        return 0
    print(*table_lines([*tallies, total]), sep="\n")
    if options.misses:
        for tally in tallies:
            print(*(f"{tally.name} {file}: {wanted} read as {read or '-'}" for file, wanted, read in tally.misses), sep="\n")
    return 0
