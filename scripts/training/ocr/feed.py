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
from queue import Empty
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.cli.labels import held_out
from scripts.plates.families import draw_plate
from scripts.plates.fonts import load_fonts
from scripts.plates.render import HEIGHT_PX, WIDTH_PX, DrawnPlate, Painter, us_plate
from scripts.training.crops import DEV_SETS, cut, possible_countries, read_labels
from scripts.training.ocr.augment import Augmenter, Margins
from scripts.training.ocr.network import ALPHABET, COUNTRIES, SLOTS
from scripts.training.ocr.picture import resize

U8 = NDArray[np.uint8]

# share of every real set in the real half (normalised to 1); "agreed" sets: texts two readers agreed on
SHARES = {
    "us-plates-openalpr": 0.19,
    "eu-plates-agreed": 0.14,
    "br-plates-agreed": 0.06,
    "br-plates-openalpr": 0.07,
    "vn-crops": 0.09,
    "eu-tworow-agreed": 0.06,
    "cn-rodney": 0.06,
    "cn-lprnet": 0.05,
    "eg-ealpr-crops": 0.06,
    "tn-crops": 0.05,
    "global-mixed-300": 0.035,
    "ar-cnnocr": 0.03,
    "cn-easypr": 0.02,
    "kaggle-car-plate-433": 0.02,
    "in-nanonets": 0.015,
    "eg-ealpr-scenes": 0.01,
    "ro-lucian": 0.01,
    "tn-rlpr": 0.01,
}
AGREED_TABLE = ("global-mixed-300", "kaggle-car-plate-433", "ro-lucian")
POOL = 60_000


@dataclass(frozen=True, slots=True)
class RealSet:
    """One real set: crops (n, 96, 192) uint8, their texts and countries as the set writes them, its share of the real half."""

    name: str
    crops: U8
    texts: tuple[str, ...]
    countries: tuple[str, ...]
    share: float


def readable(text: str) -> bool:
    """Whether a label can be learned: in the alphabet, and no longer than the slots."""
    return 1 <= len(text) <= SLOTS and all(c in ALPHABET for c in text)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a stage draws from: synthetic share of the samples, margins of the crops, countries that are neither drawn nor learned.

    `american`: so many of the drawn plates are of the US family, beside its own share; `more`: factors on SHARES."""

    synthetic_share: float
    margins: Margins
    left_out: frozenset[str] = frozenset()
    american: float = 0.0
    more: tuple[tuple[str, float], ...] = ()


def load_real(plates: Path, left_out: frozenset[str] = frozenset(), more: tuple[tuple[str, float], ...] = ()) -> list[RealSet]:
    """The real sets found under a folder: no text of a dev set, no held-out text, no country that is left out."""
    dev = {label.text for name in DEV_SETS for label in read_labels(plates / name / "labels.csv")}
    sets = []
    for name, share in SHARES.items():
        table = plates / name / ("agreed.csv" if name in AGREED_TABLE else "labels.csv")
        labels = list(read_labels(table)) if table.is_file() else []
        learned = [
            label
            for label in labels
            if readable(label.text) and label.text not in dev and not held_out(label.text) and label.country not in left_out
        ]
        if learned:
            crops = np.stack([resize(cut(label, margin=0.06), HEIGHT_PX, WIDTH_PX) for label in learned])
            share *= dict(more).get(name, 1.0)
            sets.append(RealSet(name, crops, tuple(x.text for x in learned), tuple(x.country for x in learned), share))
    total = sum(s.share for s in sets)
    return [RealSet(s.name, s.crops, s.texts, s.countries, s.share / total) for s in sets]


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


def labels_of(text: str) -> NDArray[np.int16]:
    """Class per slot: the characters from the left, then empty (0)."""
    row = np.zeros(SLOTS, np.int16)
    row[: len(text)] = [ALPHABET.index(c) for c in text]
    return row


Sample = tuple[U8, NDArray[np.int16], NDArray[np.bool_]]
"""Picture (64, 128), classes (12,), possible countries (len(COUNTRIES),)."""


def samples(real: list[RealSet], backgrounds: list[U8], seed: int, recipe: Recipe) -> Iterator[Sample]:
    """Endless samples of a recipe."""
    rng = random.Random(seed)
    augment = Augmenter(seed + 1, recipe.margins, backgrounds)
    fonts = load_fonts(with_shared=True)
    pool: list[DrawnPlate] = []
    shares = [s.share for s in real]
    masks = {code: possible_countries(code) for code in ("", "EU", *COUNTRIES)}
    unknown = masks[""]

    def drawn() -> DrawnPlate:
        american = "US" not in recipe.left_out and rng.random() < recipe.american
        return us_plate(Painter(rng, fonts)) if american else draw_plate(rng, fonts, recipe.left_out)

    while True:
        if not real or rng.random() < recipe.synthetic_share:
            if (len(pool) < POOL and rng.random() < 0.5) or not pool:
                plate = drawn()
                pool.append(plate)
            else:
                place = rng.randrange(len(pool))
                if rng.random() < 0.125:
                    pool[place] = drawn()
                plate = pool[place]
            yield augment(plate.grey, synthetic=True), labels_of(plate.text), masks[plate.country]
        else:
            chosen = rng.choices(real, shares)[0]
            index = rng.randrange(len(chosen.texts))
            mask = masks.get(chosen.countries[index], unknown)
            yield augment(chosen.crops[index], synthetic=False), labels_of(chosen.texts[index]), mask


def _generate(queue: Any, plates: str, seed: int, batch: int, recipe: Recipe) -> None:
    import cv2

    cv2.setNumThreads(1)
    folder = Path(plates)
    real = load_real(folder, recipe.left_out, recipe.more)
    source = samples(real, load_backgrounds(folder), seed, recipe)
    while True:
        drawn = [next(source) for _ in range(batch)]
        queue.put(tuple(np.stack(part) for part in zip(*drawn, strict=True)))


def batches(
    plates: Path, *, seed: int, batch: int, recipe: Recipe, processes: int
) -> Iterator[tuple[U8, NDArray[np.int16], NDArray[np.bool_]]]:
    """Endless batches of samples, stacked; the processes end with this one."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue(maxsize=24)
    workers = [
        context.Process(target=_generate, args=(queue, str(plates), seed + 1000 * index, batch, recipe), daemon=True)
        for index in range(processes)
    ]
    for worker in workers:
        worker.start()
    while True:
        try:
            drawn = queue.get(timeout=10)
        except Empty:
            if not any(worker.is_alive() for worker in workers):
                raise RuntimeError("every generator process has ended: what stopped it stands above") from None
            continue
        yield drawn
