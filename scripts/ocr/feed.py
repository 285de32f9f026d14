"""Training batches: generator processes that mix real crops with freshly drawn plates and augment them.

Each process keeps a growing pool of drawn plates: it draws a new one for every second sample until the pool is
full and for every eighth from then on (replacing an old one), so that training never waits for the renderer.
"""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scripts.crops import DEV_SETS, cut, read_labels
from scripts.ocr.augment import Augmenter, Margins
from scripts.ocr.network import ALPHABET, SLOTS
from scripts.ocr.picture import resize
from scripts.plates.fonts import load_fonts
from scripts.plates.render import HEIGHT_PX, WIDTH_PX, draw_plate

U8 = NDArray[np.uint8]

# share of every real set in the real half (normalised to 1); "agreed" sets: texts two readers agreed on
SHARES = {
    "us-plates-openalpr": 0.13,
    "eu-plates-agreed": 0.10,
    "br-plates-agreed": 0.05,
    "br-plates-openalpr": 0.05,
    "vn-crops": 0.04,
    "eu-tworow-agreed": 0.03,
    "global-mixed-300": 0.025,
    "tn-crops": 0.02,
    "ar-cnnocr": 0.015,
    "cn-rodney": 0.012,
    "cn-lprnet": 0.012,
    "kaggle-car-plate-433": 0.012,
    "ro-lucian": 0.006,
    "tn-rlpr": 0.003,
}
AGREED_TABLE = ("global-mixed-300", "kaggle-car-plate-433", "ro-lucian")
POOL = 60_000


@dataclass(frozen=True, slots=True)
class RealSet:
    """One real set: crops (n, 96, 192) uint8, their texts and the set's share of the real half."""

    name: str
    crops: U8
    texts: tuple[str, ...]
    share: float


def latin(text: str) -> str | None:
    """The text without a Chinese province character; None where it does not fit alphabet and slots."""
    kept = "".join(c for c in text.upper() if not "\u4e00" <= c <= "\u9fff")
    return kept if 2 <= len(kept) <= SLOTS and all(c in ALPHABET for c in kept) else None


def load_real(plates: Path) -> list[RealSet]:
    """The real sets found under a folder, without any text of a dev set. Missing sets are left out."""
    held_out = {label.text for name in DEV_SETS for label in read_labels(plates / name / "labels.csv")}
    sets = []
    for name, share in SHARES.items():
        table = plates / name / ("agreed.csv" if name in AGREED_TABLE else "labels.csv")
        if not table.is_file():
            continue
        crops, texts = [], []
        for label in read_labels(table):
            text = latin(label.text)
            if text is not None and label.text not in held_out:
                crops.append(resize(cut(label, margin=0.06), HEIGHT_PX, WIDTH_PX))
                texts.append(text)
        sets.append(RealSet(name, np.stack(crops), tuple(texts), share))
    total = sum(s.share for s in sets)
    return [RealSet(s.name, s.crops, s.texts, s.share / total) for s in sets]


def load_backgrounds(plates: Path) -> list[U8]:
    """Plate-free pictures, at most 400 px wide; one flat grey where the set is missing."""
    pictures = []
    for path in sorted((plates / "negatives-openalpr").glob("*.jpg")):
        with Image.open(path) as picture:
            picture.draft("L", (400, 400))
            grey = picture.convert("L")
            grey.thumbnail((400, 400))
            pictures.append(np.asarray(grey))
    return pictures or [np.full((200, 400), 114, np.uint8)]


def labels_of(text: str) -> NDArray[np.int8]:
    """Class per slot: the characters from the left, then empty (0)."""
    row = np.zeros(SLOTS, np.int8)
    row[: len(text)] = [ALPHABET.index(c) for c in text]
    return row


def samples(
    real: list[RealSet], backgrounds: list[U8], seed: int, synthetic_share: float, margins: Margins
) -> Iterator[tuple[U8, NDArray[np.int8], bool]]:
    """Endless (picture (64, 128), classes (10,), is synthetic)."""
    rng = random.Random(seed)
    augment = Augmenter(seed + 1, margins, backgrounds)
    fonts = load_fonts(with_shared=True)
    pool: list[tuple[U8, str]] = []
    shares = [s.share for s in real]
    while True:
        if not real or rng.random() < synthetic_share:
            if (len(pool) < POOL and rng.random() < 0.5) or not pool:
                plate = draw_plate(rng, fonts)
                pool.append((plate.grey, plate.text))
                grey, text = pool[-1]
            else:
                place = rng.randrange(len(pool))
                if rng.random() < 0.125:
                    plate = draw_plate(rng, fonts)
                    pool[place] = plate.grey, plate.text
                grey, text = pool[place]
            yield augment(grey, synthetic=True), labels_of(text), True
        else:
            chosen = rng.choices(real, shares)[0]
            index = rng.randrange(len(chosen.texts))
            yield augment(chosen.crops[index], synthetic=False), labels_of(chosen.texts[index]), False


def _generate(queue: Any, plates: str, seed: int, batch: int, synthetic_share: float, margins: Margins) -> None:
    import cv2

    cv2.setNumThreads(1)
    folder = Path(plates)
    source = samples(load_real(folder), load_backgrounds(folder), seed, synthetic_share, margins)
    while True:
        drawn = [next(source) for _ in range(batch)]
        queue.put((np.stack([d[0] for d in drawn]), np.stack([d[1] for d in drawn])))


def batches(
    plates: Path, *, seed: int, batch: int, synthetic_share: float, margins: Margins, processes: int
) -> Iterator[tuple[U8, NDArray[np.int8]]]:
    """Endless batches (pictures (n, 64, 128) uint8, classes (n, 10)); the processes end with this one."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue(maxsize=24)
    for index in range(processes):
        context.Process(
            target=_generate,
            args=(queue, str(plates), seed + 1000 * index, batch, synthetic_share, margins),
            daemon=True,
        ).start()
    while True:
        yield queue.get()
