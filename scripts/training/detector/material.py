"""What the detector learns from, as one file of at most 50 MB: labelled scenes, plate-free pictures and plate crops.

    python -m scripts.training.detector.material [--plates ../shared/data/plates] [--out .train/detector.pack]

A training reads this file, draws plates, words and lines of overlays beside it, and needs nothing else of the photographs.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from board.pictures import load_rgb
from engine.cli.labels import HELD_OUT_NEGATIVES, held_out, picture_held_out
from engine.recognise.detect import GREEN
from engine.recognise.pipeline import Recogniser
from engine.regions import iou
from scripts.plates.families import draw_plate
from scripts.plates.fonts import FontSet, load_fonts
from scripts.training.ocr.evaluate import PLATES

Area = tuple[float, float, float, float]
"""Left, top, width, height in pixels."""

SCENE_SHARES = {
    "global-openlpr": 0.30, "kaggle-car-plate-433": 0.17, "ro-lucian": 0.10, "in-nanonets": 0.09, "cn-easypr": 0.09,
    "global-mixed-300": 0.07, "eg-ealpr-scenes": 0.06, "tn-scenes": 0.05, "eg-moto": 0.04, "bd-cars": 0.03,
}  # fmt: skip
CROP_SHARES = {
    "us-plates-openalpr": 0.28, "eu-plates-agreed": 0.20, "vn-tworow-agreed": 0.10, "br-plates-agreed": 0.08,
    "eu-tworow-agreed": 0.07, "ir-rajabi-crops": 0.06, "br-plates-openalpr": 0.04, "cn-rodney": 0.04, "ar-cnnocr": 0.04,
    "vn-crops": 0.03, "tn-crops": 0.03, "cz-iwt-agreed": 0.03,
}  # fmt: skip
NEGATIVES = "negatives-openalpr"
LETTERS = "aaabcdeeeefghiiijklmnnooopqrrrssttuuvwxyz"
RENDERED = "rendered"
RENDERED_SHARE = 0.3
"""Share of pasted plates that are drawn: countries and lettering of which there are no photographs."""
PRINTED = "printed"
PRINTED_PLATES = 600
RENDERED_PLATES = 1500
RENDERED_ASPECTS = {"us": (2.0,), "eu": (4.6, 3.0), "two rows": (1.3, 1.5, 2.0), "americas": (2.0, 2.6), "dated": (2.0, 3.1)}
ANY_ASPECT = (1.5, 2.0, 3.1, 3.6, 4.4)
"""Width over height of a drawn plate by its family; any of the last ones for a family that is not named."""
WORDS = 400
WORD_CAP_PX = 48
TIGHT_SETS = ("kaggle-car-plate-433", "in-nanonets", "cn-easypr", "eg-ealpr-scenes", "bd-cars")
"""Sets whose boxes are good enough to score the held-out scenes by."""
BOX_TRUST = {"ro-lucian": 0.3, "global-mixed-300": 0.5, "tn-scenes": 0.5, "eg-moto": 0.5, "global-openlpr": 0.7}
"""Share of the box loss for sets whose boxes are loose (or stretched pictures); 1 for the others."""
DEV_SETS = ("openalpr-us", "openalpr-eu", "openalpr-br")
"""Scored, never trained on."""
PARTLY_BOXED = ("global-openlpr", "in-nanonets", "kaggle-car-plate-433")
"""Sets that leave plates unboxed: what the shipped detector finds there beside the boxes is neither right nor wrong."""
WORLD = "global-openlpr"
"""The set whose held-out scenes are scored as "world"."""
MOST_CROPS = 350
CROP_HEIGHT_PX = 80
LONG_SIDE = 720
NARROWEST_PX = 160
"""Scenes are shrunk to a long side of LONG_SIDE, and until their narrowest plate is so wide."""
STORED_QUALITY = 58
MOST_BYTES = 50_000_000
PACK = Path(".train/detector.pack")
OVERLAYS = 300
CAMERAS = (
    "CAM",
    "CAMERA",
    "GATE",
    "IPC",
    "CH",
    "ENTRY",
    "EXIT",
    "IN",
    "OUT",
    "FRONT",
    "DOCK",
    "LANE",
    "PARKING",
    "NVR",
    "Tor",
    "Hof",
)
SIGNS = (
    "DIESEL",
    "MAX 20",
    "STOP",
    "TAXI",
    "SALE",
    "FOR RENT",
    "P",
    "EXIT",
    "HOTEL",
    "CAFE",
    "OPEN 24",
    "EINFAHRT",
    "POLICE",
    "4x4",
    "TDI",
    "TURBO",
    "2.0 TDI",
    "XC90",
    "GLC 220d",
    "NO ENTRY",
    "SCHOOL BUS",
    "EUROPE",
    "LOGISTICS",
)


@dataclass
class Scene:
    """A grey picture as a pyramid of halves (level 0 is the stored size) and its plates as (x, y, w, h) of level 0."""

    name: str
    levels: list[np.ndarray]
    boxes: list[Area] = field(default_factory=list)
    trust: float = 1.0
    """How far its boxes are to be believed, as share of the box loss."""
    unsure: list[Area] = field(default_factory=list)
    """What may be a plate too: neither learnt nor unlearnt."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of level 0."""
        return self.levels[0].shape[1], self.levels[0].shape[0]


@dataclass
class Material:
    scenes: dict[str, list[Scene]]
    negatives: list[Scene]
    crops: dict[str, list[np.ndarray]]
    lures: list[tuple[int, Area]] = field(default_factory=list)
    """False boxes that an earlier stage gave on the plate-free pictures: index of the picture and box of level 0."""
    words: list[np.ndarray] = field(default_factory=list)
    """Lettering that is no plate: masks (WORD_CAP_PX and a little more high), 255 is ink."""
    overlays: list[np.ndarray] = field(default_factory=list)
    """Lines that cameras write into their pictures, and signs: masks like words."""

    def counts(self) -> dict[str, int]:
        """Pictures per set."""
        scenes = {name: len(found) for name, found in self.scenes.items()}
        crops = {name: len(found) for name, found in self.crops.items()}
        return {**scenes, **crops, NEGATIVES: len(self.negatives)}


def rows_of(folder: Path) -> Iterator[tuple[str, list[Area]]]:
    """Each picture of a set with its boxes (none for a plate-free picture or a crop), in the order of the label file."""
    found: dict[str, list[Area]] = {}
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


def rendered_plates(seed: int) -> list[np.ndarray]:
    """Drawn plates in their shape."""
    fonts, rng = load_fonts(with_shared=True), random.Random(seed)
    plates = []
    for _ in range(RENDERED_PLATES):
        drawn = draw_plate(rng, fonts)
        aspect = rng.choice(RENDERED_ASPECTS.get(drawn.family, ANY_ASPECT))
        plates.append(cv2.resize(drawn.grey, (int(96 * aspect), 96), interpolation=cv2.INTER_AREA))
    return plates


def printed_plates(seed: int) -> list[np.ndarray]:
    """Plates as an office's printer makes them: plain letters on light paper with a thin rim, some with a band at the left."""
    fonts, rng = load_fonts(with_shared=True), random.Random(seed)
    plates: list[np.ndarray] = []
    while len(plates) < PRINTED_PLATES:
        text = draw_plate(rng, fonts).text
        if not text.isascii() or len(text) < 4:
            continue
        at = rng.randint(1, len(text) - 1)
        height, aspect = 96, rng.uniform(3.6, 5.2)
        width, paper, ink = int(height * aspect), rng.randint(170, 255), rng.randint(0, 40)
        image = Image.new("L", (width, height), ink if rng.random() < 0.5 else paper)
        draw = ImageDraw.Draw(image)
        draw.rounded_rectangle((0, 0, width - 1, height - 1), rng.randint(0, 14), paper, ink, rng.randint(1, 5))
        band = int(height * rng.uniform(0.25, 0.45)) if rng.random() < 0.4 else 0
        if band:
            draw.rectangle((3, 3, band, height - 4), fill=rng.randint(30, 110))
        font = ImageFont.truetype(rng.choice(fonts.lettering), int(height * rng.uniform(0.6, 0.9)))
        row = f"{text[:at]} {text[at:]}" if rng.random() < 0.7 else text
        left, top, right, bottom = (int(side) for side in font.getbbox(row, stroke_width=1))
        letters = Image.new("L", (right - left, bottom - top), 0)
        ImageDraw.Draw(letters).text((-left, -top), row, fill=255, font=font, stroke_width=rng.randint(0, 1))
        room = width - band - 16
        if letters.width > room:
            letters = letters.resize((room, letters.height), Image.Resampling.LANCZOS)
        place = (band + (width - band - letters.width) // 2, (height - letters.height) // 2)
        image.paste(ink, (*place, place[0] + letters.width, place[1] + letters.height), letters)
        plates.append(np.asarray(image))
    return plates


def lettering(texts: Sequence[str], rng: random.Random, fonts: FontSet) -> list[np.ndarray]:
    """Each text as a mask in one of the fonts of vans and signs; those that come out as nothing are left out."""
    masks = []
    for text in texts:
        font = ImageFont.truetype(rng.choice(fonts.lettering), WORD_CAP_PX)
        left, top, right, bottom = (int(v) for v in font.getbbox(text))
        image = Image.new("L", (right - left + 4, bottom - top + 4), 0)
        ImageDraw.Draw(image).text((2 - left, 2 - top), text, fill=255, font=font)
        if right > left + 8 and bottom > top + 4:
            masks.append(np.asarray(image))
    return masks


def some_word(rng: random.Random) -> str:
    letters = "".join(rng.choices(LETTERS, k=rng.randint(2, 11)))
    digits = "".join(rng.choices("0123456789 -", k=rng.randint(3, 11)))
    return rng.choice((letters, letters.capitalize(), letters.upper(), digits))


def some_overlay(rng: random.Random) -> str:
    """A camera's name, a clock, a date, both, or a sign."""
    day = f"{rng.randint(2012, 2029)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    if rng.random() < 0.5:
        day = rng.choice(("/", ".", "-")).join(reversed(day.split("-")))
    clock = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}"
    name = (
        rng.choice(CAMERAS) + rng.choice(("", " ", "-", "_")) + rng.choice(("", f"{rng.randint(1, 16):02}", str(rng.randint(1, 9))))
    )
    return rng.choice((name, name, clock, day, f"{day} {clock}", f"{name} {clock}", rng.choice(SIGNS), rng.choice(SIGNS)))


def read_grey(path: Path) -> np.ndarray:
    """A picture file as the detector sees it: its green, (H, W) uint8; ValueError names a file that cannot be read."""
    colours: np.ndarray | None = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if colours is None:
        raise ValueError(f"{path}: not a readable picture")
    return np.ascontiguousarray(colours[:, :, GREEN])


def pyramid(grey: np.ndarray) -> list[np.ndarray]:
    """A picture and its halves, so that shrinking it does not alias."""
    levels = [grey]
    while min(levels[-1].shape) >= 64 and len(levels) < 5:
        halves = (levels[-1].shape[1] // 2, levels[-1].shape[0] // 2)
        levels.append(cv2.resize(levels[-1], halves, interpolation=cv2.INTER_AREA))
    return levels


def read_scene(folder: Path, name: str, boxes: list[Area], trust: float = 1.0, unsure: Sequence[Area] = ()) -> Scene:
    """A picture as a pyramid, scaled down with its boxes when it is larger than need be."""
    grey = read_grey(folder / name)
    scale = min(
        LONG_SIDE / max(grey.shape), max(NARROWEST_PX / min((w for _, _, w, _ in boxes), default=1e9), 0.25 if boxes else 1.0)
    )
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        boxes, unsure = ([(x * scale, y * scale, w * scale, h * scale) for x, y, w, h in some] for some in (boxes, unsure))
    return Scene(name, pyramid(grey), boxes, trust, list(unsure))


def found_beside(folder: Path, name: str, boxes: Sequence[Area], detector: Recogniser) -> list[Area]:
    """What a detector finds in a picture that touches none of its boxes."""
    seen = [tuple(map(float, plate.box)) for plate in detector.find(load_rgb(folder / name))]
    return [(x, y, w, h) for x, y, w, h in seen if all(iou((x, y, w, h), box) < 0.05 for box in boxes)]


def negative_names(data: Path) -> tuple[list[str], list[str]]:
    """The plate-free pictures as (for training, held out): every fourth until HELD_OUT_NEGATIVES are held out."""
    names = [name for name, _ in rows_of(data / NEGATIVES)]
    held_out = names[::4][:HELD_OUT_NEGATIVES]
    return [name for name in names if name not in set(held_out)], held_out


def gather(data: Path, seed: int) -> Material:
    """All photographs of the data folder that may be learnt; crops are thinned to MOST_CROPS a set, the same ones for a seed. A set
    that is missing is left out."""
    rng = np.random.default_rng(seed)
    shipped = Recogniser()
    scenes: dict[str, list[Scene]] = {}
    for name in SCENE_SHARES:
        rows = rows_of(data / name) if (data / name).is_dir() else ()
        for file, boxes in rows:
            if boxes and not picture_held_out(name, file):
                unsure = found_beside(data / name, file, boxes, shipped) if name in PARTLY_BOXED else []
                scenes.setdefault(name, []).append(read_scene(data / name, file, boxes, BOX_TRUST.get(name, 1.0), unsure))
    negatives = [read_scene(data / NEGATIVES, name, []) for name in negative_names(data)[0]]
    crops = {}
    for name in CROP_SHARES:
        if (data / name).is_dir():
            files = crop_files(data / name)[0]
            chosen = rng.permutation(len(files))[:MOST_CROPS]
            crops[name] = [lower_than(read_grey(data / name / files[i]), CROP_HEIGHT_PX) for i in chosen]
    return Material(scenes, negatives, crops)


def lower_than(grey: np.ndarray, height: int) -> np.ndarray:
    """A picture shrunk to a height, in its shape."""
    if grey.shape[0] <= height:
        return grey
    shrunk: np.ndarray = cv2.resize(grey, (round(grey.shape[1] * height / grey.shape[0]), height), interpolation=cv2.INTER_AREA)
    return shrunk


def write(material: Material, path: Path) -> int:
    """The pack's size in bytes; ValueError when it is larger than MOST_BYTES."""
    told: list[dict[str, object]] = []
    coded: list[bytes] = []
    kinds = {**material.scenes, NEGATIVES: material.negatives}
    for name, scenes in kinds.items():
        for scene in scenes:
            told.append({"set": name, "name": scene.name, "boxes": scene.boxes, "trust": scene.trust, "unsure": scene.unsure})
            coded.append(encoded(scene.levels[0]))
    for name, crops in material.crops.items():
        told += [{"crop": name}] * len(crops)
        coded += [encoded(crop) for crop in crops]
    content = io.BytesIO()
    np.savez(
        content,
        told=np.array(json.dumps(told)),
        pictures=np.frombuffer(b"".join(coded), np.uint8),
        ends=np.cumsum([len(c) for c in coded]),
    )
    if content.tell() > MOST_BYTES:
        raise ValueError(f"the pack would be {content.tell()} bytes, at most {MOST_BYTES} are wanted: lower STORED_QUALITY")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.getvalue())
    return content.tell()


def encoded(grey: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(grey).save(content, "WEBP", quality=STORED_QUALITY)
    return content.getvalue()


def read(path: Path, seed: int) -> Material:
    """A pack as `write` made it; plates, words and overlays are drawn beside it."""
    with np.load(path) as stored:
        told, raw, ends = json.loads(str(stored["told"])), stored["pictures"].tobytes(), stored["ends"].tolist()
    material = Material({}, [], {})
    for one, begin, end in zip(told, [0, *ends[:-1]], ends, strict=True):
        grey = np.asarray(Image.open(io.BytesIO(raw[begin:end])).convert("L"))
        if "crop" in one:
            material.crops.setdefault(one["crop"], []).append(grey)
            continue
        boxes, unsure = ([tuple(box) for box in one[key]] for key in ("boxes", "unsure"))
        scene = Scene(one["name"], pyramid(grey), boxes, one["trust"], unsure)
        if one["set"] == NEGATIVES:
            material.negatives.append(scene)
        else:
            material.scenes.setdefault(one["set"], []).append(scene)
    material.crops[RENDERED] = rendered_plates(seed)
    material.crops[PRINTED] = printed_plates(seed)
    fonts, rng = load_fonts(with_shared=True), random.Random(seed)
    material.words = lettering([some_word(rng) for _ in range(WORDS)], rng, fonts)
    material.overlays = lettering([some_overlay(rng) for _ in range(OVERLAYS)], rng, fonts)
    return material


def main(arguments: Sequence[str]) -> int:
    """Command line, see the module's text."""
    parser = argparse.ArgumentParser(prog="python -m scripts.training.detector.material", description=__doc__.split("\n")[0])
    parser.add_argument("--plates", type=Path, default=PLATES)
    parser.add_argument("--out", type=Path, default=PACK)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    material = gather(options.plates, options.seed)
    size = write(material, options.out)
    unsure = sum(len(scene.unsure) for scenes in material.scenes.values() for scene in scenes)
    print(f"{options.out}: {size / 1e6:.1f} MB, {material.counts()}, {unsure} places that may be plates too")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
