"""Material: labelled scenes, plate-free pictures and plate crops of the data folder as grey arrays in memory."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.cli.labels import HELD_OUT_NEGATIVES, held_out, picture_held_out
from engine.recognise.detect import GREEN
from scripts.plates.families import draw_plate
from scripts.plates.fonts import load_fonts

SCENE_SHARES = {
    "kaggle-car-plate-433": 0.24, "ro-lucian": 0.14, "in-nanonets": 0.13, "cn-easypr": 0.13, "global-mixed-300": 0.10,
    "eg-ealpr-scenes": 0.09, "tn-scenes": 0.08, "eg-moto": 0.05, "bd-cars": 0.04,
}  # fmt: skip
CROP_SHARES = {
    "us-plates-openalpr": 0.35, "eu-plates-agreed": 0.25, "br-plates-agreed": 0.10, "eu-tworow-agreed": 0.07,
    "br-plates-openalpr": 0.05, "cn-rodney": 0.05, "ar-cnnocr": 0.05, "vn-crops": 0.04, "tn-crops": 0.04,
}  # fmt: skip
NEGATIVES = "negatives-openalpr"
LETTERS = "aaabcdeeeefghiiijklmnnooopqrrrssttuuvwxyz"
RENDERED = "rendered"
RENDERED_SHARE = 0.3
"""Share of pasted plates that are drawn: countries and lettering of which there are no photographs."""
RENDERED_PLATES = 1500
RENDERED_ASPECTS = {"us": (2.0,), "eu": (4.6, 3.0), "two rows": (1.3, 1.5, 2.0), "americas": (2.0, 2.6), "dated": (2.0, 3.1)}
ANY_ASPECT = (1.5, 2.0, 3.1, 3.6, 4.4)
"""Width over height of a drawn plate by its family; any of the last ones for a family that is not named."""
WORDS = 400
WORD_CAP_PX = 48
TIGHT_SETS = ("kaggle-car-plate-433", "in-nanonets", "cn-easypr", "eg-ealpr-scenes", "bd-cars")
"""Sets whose boxes are good enough to score the held-out scenes by."""
BOX_TRUST = {"ro-lucian": 0.3, "global-mixed-300": 0.5, "tn-scenes": 0.5, "eg-moto": 0.5}
"""Share of the box loss for sets whose boxes are loose (or stretched pictures); 1 for the others."""
DEV_SETS = ("openalpr-us", "openalpr-eu", "openalpr-br")
"""Scored, never trained on."""
MOST_CROPS = 700
LONG_SIDE = 1280


@dataclass
class Scene:
    """A grey picture as a pyramid of halves (level 0 is the stored size) and its plates as (x, y, w, h) of level 0."""

    name: str
    levels: list[np.ndarray]
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    trust: float = 1.0
    """How far its boxes are to be believed, as share of the box loss."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of level 0."""
        return self.levels[0].shape[1], self.levels[0].shape[0]


@dataclass
class Material:
    scenes: dict[str, list[Scene]]
    negatives: list[Scene]
    crops: dict[str, list[np.ndarray]]
    lures: list[tuple[int, tuple[float, float, float, float]]] = field(default_factory=list)
    """False boxes that an earlier stage gave on the plate-free pictures: index of the picture and box of level 0."""
    words: list[np.ndarray] = field(default_factory=list)
    """Lettering that is no plate: masks (WORD_CAP_PX and a little more high), 255 is ink."""

    def counts(self) -> dict[str, int]:
        """Pictures per set."""
        scenes = {name: len(found) for name, found in self.scenes.items()}
        crops = {name: len(found) for name, found in self.crops.items()}
        return {**scenes, **crops, NEGATIVES: len(self.negatives)}


def rows_of(folder: Path) -> Iterator[tuple[str, list[tuple[float, float, float, float]]]]:
    """Each picture of a set with its boxes (none for a plate-free picture or a crop), in the order of the label file."""
    found: dict[str, list[tuple[float, float, float, float]]] = {}
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            boxes = found.setdefault(row["file"], [])
            if row["w"]:
                boxes.append((float(row["x"]), float(row["y"]), float(row["w"]), float(row["h"])))
    yield from found.items()


def crop_files(folder: Path) -> tuple[list[str], list[str]]:
    """The crops of a set as (for training, held out by their texts)."""
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = [(row["file"], held_out(row["text"])) for row in csv.DictReader(file)]
    return [name for name, out in rows if not out], [name for name, out in rows if out]


def rendered_plates(seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Drawn plates in their shape, and words in the fonts of vans and signs."""
    fonts, rng = load_fonts(with_shared=True), random.Random(seed)
    plates = []
    for _ in range(RENDERED_PLATES):
        drawn = draw_plate(rng, fonts)
        aspect = rng.choice(RENDERED_ASPECTS.get(drawn.family, ANY_ASPECT))
        plates.append(cv2.resize(drawn.grey, (int(96 * aspect), 96), interpolation=cv2.INTER_AREA))
    words = []
    for _ in range(WORDS):
        font = ImageFont.truetype(rng.choice(fonts.lettering), WORD_CAP_PX)
        letters = "".join(rng.choices(LETTERS, k=rng.randint(2, 11)))
        text = rng.choice(
            (letters, letters.capitalize(), letters.upper(), "".join(rng.choices("0123456789 -", k=rng.randint(3, 11))))
        )
        left, top, right, bottom = (int(v) for v in font.getbbox(text))
        image = Image.new("L", (right - left + 4, bottom - top + 4), 0)
        ImageDraw.Draw(image).text((2 - left, 2 - top), text, fill=255, font=font)
        if right > left + 8 and bottom > top + 4:
            words.append(np.asarray(image))
    return plates, words


def read_grey(path: Path) -> np.ndarray:
    """A picture file as the detector sees it: its green, (H, W) uint8; ValueError names a file that cannot be read."""
    colours: np.ndarray | None = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if colours is None:
        raise ValueError(f"{path}: not a readable picture")
    return np.ascontiguousarray(colours[:, :, GREEN])


def read_scene(folder: Path, name: str, boxes: list[tuple[float, float, float, float]], trust: float = 1.0) -> Scene:
    """A picture as a pyramid; pictures with a longer side than LONG_SIDE are scaled down with their boxes."""
    grey = read_grey(folder / name)
    scale = LONG_SIDE / max(grey.shape)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        boxes = [(x * scale, y * scale, w * scale, h * scale) for x, y, w, h in boxes]
    levels = [grey]
    while min(levels[-1].shape) >= 64 and len(levels) < 5:
        halves = (levels[-1].shape[1] // 2, levels[-1].shape[0] // 2)
        levels.append(cv2.resize(levels[-1], halves, interpolation=cv2.INTER_AREA))
    return Scene(name, levels, boxes, trust)


def negative_names(data: Path) -> tuple[list[str], list[str]]:
    """The plate-free pictures as (for training, held out): every fourth until HELD_OUT_NEGATIVES are held out."""
    names = [name for name, _ in rows_of(data / NEGATIVES)]
    held_out = names[::4][:HELD_OUT_NEGATIVES]
    return [name for name in names if name not in set(held_out)], held_out


def load(data: Path, seed: int) -> Material:
    """All training material of the data folder; crops are thinned to MOST_CROPS a set, the same ones for a seed."""
    rng = np.random.default_rng(seed)
    scenes = {
        name: [
            read_scene(data / name, file, boxes, BOX_TRUST.get(name, 1.0))
            for file, boxes in rows_of(data / name)
            if boxes and not picture_held_out(name, file)
        ]
        for name in SCENE_SHARES
    }
    negatives = [read_scene(data / NEGATIVES, name, []) for name in negative_names(data)[0]]
    crops = {}
    for name in CROP_SHARES:
        files = crop_files(data / name)[0]
        chosen = rng.permutation(len(files))[:MOST_CROPS]
        crops[name] = [read_grey(data / name / files[i]) for i in chosen]
    crops[RENDERED], words = rendered_plates(seed)
    return Material(scenes, negatives, crops, words=words)
