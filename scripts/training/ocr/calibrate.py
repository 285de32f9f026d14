"""Calibration of an OCR model: how often reads of a given raw certainty are right, fitted on held-out plates, kept in the card.

`python -m scripts.training.ocr.calibrate [--models models] [--reader ocr-rows] [--plates DIR] [--dry]` needs the product's
environment only. It reads the held-out plates of every set but the dev sets, and all plate-free pictures, through the product
itself (own detector on scenes) with one reader alone, each as it is and as worse cameras would show it, fits a monotone map and
writes it into the reader's card as `calibration`. It prints how the map of one half of the plates does on the other half.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from board.kit.files import write_whole
from board.pictures import load_rgb
from engine.cli.labels import NEVER_TRAINED_ON, LabelledSet, read_set, tables_in
from engine.cli.scoring import evaluate
from engine.recognise.calibration import Calibration, calibration_of
from engine.recognise.pipeline import MODELS, Recogniser
from engine.types import PlateBox, PlateRead

U8 = NDArray[np.uint8]

PLATES = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "plates"
BINS = 16
SURE_PCT = (50, 80, 90, 95)


@dataclass(frozen=True, slots=True)
class Pair:
    """One read: its raw certainty 0..1, whether it was right (O = 0, I = 1, as look-ups take them), how much it counts.

    `plate`: what it is a read of; all views of one plate count as one."""

    raw: float
    right: bool
    plate: str
    weight: float = 1.0


# --- what cameras do to a picture; sizes and places stay -------------------------------------------------------------------


def as_it_is(rgb: U8, rng: random.Random) -> U8:
    return rgb


def small(rgb: U8, rng: random.Random) -> U8:
    """From further away: about half the pixels across, back to size, JPEG."""
    height, width = rgb.shape[:2]
    share = max(rng.uniform(0.35, 0.7), min(1.0, 40 / width))
    less = Image.fromarray(rgb).resize((max(8, round(width * share)), max(8, round(height * share))), Image.Resampling.BOX)
    return _jpeg(less, rng.randint(40, 85), (width, height))


def soft(rgb: U8, rng: random.Random) -> U8:
    """Out of focus, JPEG."""
    image = Image.fromarray(rgb)
    return _jpeg(image.filter(ImageFilter.GaussianBlur(rng.uniform(0.01, 0.025) * rgb.shape[0] ** 0.75)), 70, image.size)


def dark(rgb: U8, rng: random.Random) -> U8:
    """At night: less contrast, sensor noise."""
    noise = np.random.default_rng(rng.randrange(1 << 30)).normal(0, rng.uniform(3, 9), rgb.shape[:2])[..., None]
    return np.clip(rgb * rng.uniform(0.3, 0.6) + noise, 0, 255).astype(np.uint8)


def _jpeg(image: Image.Image, quality: int, size: tuple[int, int]) -> U8:
    packed = io.BytesIO()
    image.save(packed, "JPEG", quality=quality)
    return np.asarray(Image.open(packed).convert("RGB").resize(size, Image.Resampling.BILINEAR))


VIEWS: tuple[Callable[[U8, random.Random], U8], ...] = (as_it_is, small, soft, dark)


class Camera:
    """The product's recogniser behind a worse camera; crops are cut as unevenly as a detector's boxes."""

    def __init__(self, recogniser: Recogniser, view: Callable[[U8, random.Random], U8]) -> None:
        self._recogniser = recogniser
        self._view = view

    def find(self, rgb: U8) -> list[PlateBox]:
        """None: only the recall, which is not asked for here, would need them, at the cost of the detector."""
        return []

    def read(self, rgb: U8) -> list[PlateRead]:
        return self._recogniser.read(self._seen(rgb))

    def read_crop(self, rgb: U8) -> PlateRead:
        seen = self._seen(rgb)
        return self._recogniser.read_crop(seen if self._view is as_it_is else uneven(seen, self._dice(rgb)))

    def _seen(self, rgb: U8) -> U8:
        return self._view(rgb, self._dice(rgb))

    def _dice(self, rgb: U8) -> random.Random:
        """The same for the same picture."""
        return random.Random(hashlib.sha256(rgb.tobytes()).digest())


def uneven(rgb: U8, rng: random.Random) -> U8:
    """A crop with each side cut by up to 3 % or widened by up to 8 %, the border repeated."""
    height, width = rgb.shape[:2]
    left, right = (round(rng.uniform(-0.03, 0.08) * width) for _ in range(2))
    top, bottom = (round(rng.uniform(-0.03, 0.08) * height) for _ in range(2))
    wide = np.pad(rgb, ((max(top, 0), max(bottom, 0)), (max(left, 0), max(right, 0)), (0, 0)), mode="edge")
    return np.ascontiguousarray(
        wide[max(-top, 0) : wide.shape[0] - max(-bottom, 0), max(-left, 0) : wide.shape[1] - max(-right, 0)]
    )


# --- pairs ------------------------------------------------------------------------------------------------------------


def sets_in(plates: Path, alphabet: Collection[str]) -> list[LabelledSet]:
    """The held-out part of every set that names texts, its agreed texts where it has no others; never a dev set. Plates with a
    character that the alphabet lacks are left out: a model is not asked for what it cannot write."""
    found = []
    for table in tables_in(plates):
        if table.parent.name in NEVER_TRAINED_ON:
            continue
        agreed = table.with_name("agreed.csv")
        one = read_set(agreed if agreed.is_file() else table, held_out_only=True)
        written = {
            picture: labels
            for picture, labels in one.pictures.items()
            if any(label.text for label in labels) and all(set(label.text) <= set(alphabet) for label in labels)
        }
        if written:
            found.append(replace(one, pictures=written))
    return found


def pairs_of(recogniser: Recogniser, sets: Sequence[LabelledSet], plate_free: Iterable[Path]) -> dict[str, list[Pair]]:
    """{set: reads of it}, every view of every plate, reads of nothing left out; what is read in plate-free pictures is wrong."""
    found: dict[str, list[Pair]] = defaultdict(list)
    for view in VIEWS:
        for tally in evaluate(Camera(recogniser, view), sets):
            for one in tally.texts:
                if one.read:
                    weight = 1 / len(VIEWS)
                    found[tally.name].append(Pair(one.confidence / 100, one.right, f"{tally.name} {one.wanted}", weight))
    for picture in plate_free:
        for read in recogniser.read(load_rgb(picture)):
            found["plate-free pictures"].append(Pair(read.confidence / 100, False, picture.name))
    return dict(found)


# --- the map ------------------------------------------------------------------------------------------------------------


def fit(pairs: Sequence[Pair], bins: int = BINS) -> Calibration:
    """The monotone map of these reads: bins of equal weight, in each the share of right reads, (right + 1) of (all + 2) so that
    a small bin claims little; neighbours that contradict the order are pooled (isotonic regression)."""
    ordered = sorted(pairs, key=lambda pair: pair.raw)
    each = sum(pair.weight for pair in ordered) / bins
    blocks: list[_Block] = []
    for pair in ordered:
        if not blocks or (blocks[-1].weight >= each - 1e-9 and pair.raw > blocks[-1].highest):
            blocks.append(_Block())
        blocks[-1].add(pair)
    pooled: list[_Block] = []
    for block in blocks:
        pooled.append(block)
        while len(pooled) > 1 and pooled[-2].share >= pooled[-1].share:
            pooled[-2].join(pooled.pop())
    raw = [0.0, *(round(block.mean, 4) for block in pooled)]
    right = [0.0, *(round(block.share, 4) for block in pooled)]
    kept = [at for at in range(len(raw)) if at == 0 or raw[at] > raw[at - 1]]
    return Calibration(tuple(raw[at] for at in kept), tuple(right[at] for at in kept))


def raw_of(calibration: Calibration, right: float) -> float:
    """The raw certainty from which on this share of the reads is right; the highest there is when none is so sure."""
    return float(np.interp(right, calibration.right, calibration.raw))


def _all(by_set: dict[str, list[Pair]]) -> list[Pair]:
    return [pair for found in by_set.values() for pair in found]


@dataclass(slots=True)
class _Block:
    weight: float = 0.0
    right: float = 0.0
    raws: float = 0.0
    highest: float = 0.0

    def add(self, pair: Pair) -> None:
        self.join(_Block(pair.weight, pair.weight * pair.right, pair.weight * pair.raw, pair.raw))

    def join(self, other: _Block) -> None:
        self.weight += other.weight
        self.right += other.right
        self.raws += other.raws
        self.highest = max(self.highest, other.highest)

    @property
    def share(self) -> float:
        return (self.right + 1) / (self.weight + 2)

    @property
    def mean(self) -> float:
        return self.raws / self.weight


def first_half(pair: Pair) -> bool:
    """Half of the plates, by their text."""
    return hashlib.sha256(pair.plate.encode()).digest()[-1] < 128


def report(pairs: Sequence[Pair]) -> list[str]:
    """How each half of the plates fares with the map of the other: reads at a confidence or more, and how many are right."""
    judged: list[tuple[float, Pair]] = []
    for wanted in (True, False):
        calibration = fit([pair for pair in pairs if first_half(pair) != wanted])
        judged += [(100 * calibration(pair.raw), pair) for pair in pairs if first_half(pair) == wanted]
    total = sum(pair.weight for pair in pairs)
    lines = []
    for least in SURE_PCT:
        sure = [pair for confidence, pair in judged if confidence >= least]
        weight = sum(pair.weight for pair in sure)
        right = sum(pair.weight for pair in sure if pair.right)
        lines.append(
            f"confidence {least} or more: {100 * weight / total:.1f} % of reads,"
            f" {100 * right / weight:.1f} % right" if weight else f"confidence {least} or more: none"
        )  # fmt: skip
    return lines


def write_card(path: Path, calibration: Calibration, told: dict[str, Any]) -> None:
    """The card with its calibration replaced; all else stays."""
    card = json.loads(path.read_text(encoding="utf-8"))
    card["calibration"] = {"raw": list(calibration.raw), "right": list(calibration.right), **told}
    calibration_of(card, str(path))
    text = json.dumps(card, indent=1, ensure_ascii=False)
    # innermost lists and tables on one line each, as scripts/training/ocr/card.py writes them
    text = re.sub(r"([\[{])\s+([^\[\]{}]*?)\s+([\]}])", lambda m: m[1] + re.sub(r"\n\s+", " ", m[2]) + m[3], text) + "\n"
    write_whole(path, text.encode())


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.training.ocr.calibrate", description=__doc__)
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of detector.tflite and ocr.tflite with their cards")
    parser.add_argument("--reader", default="ocr", help="which reader of the folder: ocr (default), or the name of its second")
    parser.add_argument("--plates", type=Path, default=PLATES)
    parser.add_argument("--dry", action="store_true", help="print only, leave the card as it is")
    options = parser.parse_args(arguments)
    recogniser = Recogniser(options.models)
    reader = next((each for each in recogniser.readers if each.path.stem == options.reader), None)
    if reader is None:
        parser.error(f"{options.models} has no reader {options.reader}: {', '.join(each.path.stem for each in recogniser.readers)}")
    recogniser.readers = (reader,)
    reader.calibration = Calibration()  # reads carry their raw certainty
    sets = sets_in(options.plates, reader.alphabet)
    plate_free = sorted((options.plates / "negatives-openalpr").glob("*.jpg"))
    # how often the product looks again depends on the map: the first one says from which raw certainty on it would not
    recogniser.sure_pct = 100 * raw_of(fit(_all(pairs_of(recogniser, sets, plate_free))), Recogniser.sure_pct / 100)
    by_set = pairs_of(recogniser, sets, plate_free)
    for name, found in by_set.items():
        sure = sorted(found, key=lambda pair: -pair.raw)[: max(1, len(found) // 2)]
        halves = (sum(pair.right for pair in one) / len(one) for one in (found, sure))
        print(f"{name:<24} {len(found):5} reads, {100 * next(halves):5.1f} % right, of the surer half {100 * next(halves):5.1f} %")
    pairs = _all(by_set)
    calibration = fit(pairs)
    print(*report(pairs), sep="\n")
    print(*(f"raw {a:.4f}  right {b:.4f}" for a, b in zip(calibration.raw, calibration.right, strict=True)), sep="\n")
    if not options.dry:
        told = {
            "what": "share of held-out plates read right (O = 0, I = 1) by raw certainty, piecewise linear",
            "command": "python -m scripts.training.ocr.calibrate",
            "sets": sorted(by_set),
            "reads": len(pairs),
        }
        write_card(reader.path.with_suffix(".json"), calibration, told)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
