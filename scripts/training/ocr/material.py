"""What the reader learns from, as one file of at most 50 MB: crops of plates with their texts, plate-free pictures, crops to score.

    python -m scripts.training.ocr.agreed                   # if plates without texts are to be learned, too
    python -m scripts.training.ocr.material [--plates ../shared/data/plates] [--out .train/ocr.pack]

A training reads this file and nothing else of the photographs, so that it can be carried to another machine.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.cli.labels import held_out
from engine.countries import to_shapes
from scripts.plates.render import HEIGHT_PX, WIDTH_PX
from scripts.training.crops import DEV_SETS, PlateLabel, cut, read_labels
from scripts.training.ocr import agreed
from scripts.training.ocr.alphabet import ALPHABET, MOST_CHARACTERS
from scripts.training.ocr.evaluate import PLATES, REPOSITORY, scored_crops
from scripts.training.ocr.picture import resize

U8 = NDArray[np.uint8]

PACK = REPOSITORY / ".train" / "ocr.pack"
MOST_BYTES = 50_000_000
SHARES = {
    "us-plates-openalpr": 0.17,
    "eu-plates-agreed": 0.12,
    "ir-rajabi-crops": 0.08,
    "eg-ealpr-crops": 0.06,
    "vn-crops": 0.06,
    "cn-rodney": 0.06,
    "br-plates-openalpr": 0.055,
    "vn-tworow-agreed": 0.055,
    "eu-tworow-agreed": 0.05,
    "cn-lprnet": 0.05,
    "br-plates-agreed": 0.05,
    "tn-crops": 0.05,
    "global-mixed-300": 0.035,
    "vn-mixed-agreed": 0.03,
    "ar-cnnocr": 0.025,
    "cn-easypr": 0.02,
    "kaggle-car-plate-433": 0.02,
    "in-nanonets": 0.02,
    "cz-iwt-agreed": 0.015,
    "eg-ealpr-scenes": 0.01,
    "ro-lucian": 0.01,
    "tn-rlpr": 0.01,
    "global-openlpr": 0.1,
}
"""Share of every set in the real half; "agreed" sets: texts two readers agreed on, the last one our own two (`agreed.py`)."""
AGREED_TABLE = ("global-mixed-300", "kaggle-car-plate-433", "ro-lucian")
STORED_QUALITY = 80
BACKGROUND_PX = 400


@dataclass(frozen=True, slots=True)
class Crops:
    """Plates stretched to one size: pictures (n, height, width) uint8, and of each its set, text in the alphabet's shapes, country
    as the set writes it."""

    pictures: U8
    sets: tuple[str, ...]
    texts: tuple[str, ...]
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """`real`: (n, 96, 192) crops to learn; `backgrounds`: plate-free pictures of any size; `scored`: (n, 64, 128) network pictures
    that are never learned, `sets` naming the score they count for."""

    real: Crops
    backgrounds: tuple[U8, ...]
    scored: Crops


def readable(text: str) -> bool:
    """Whether a label can be learned: in the alphabet, and not too long."""
    return 1 <= len(text) <= MOST_CHARACTERS and all(c in ALPHABET for c in text)


def learned(plates: Path) -> Iterable[tuple[str, PlateLabel]]:
    """The sets and labels that may be learned: no text of a dev set, no held-out text, nothing that the alphabet lacks."""
    dev = {label.text for name in DEV_SETS for label in read_labels(plates / name / "labels.csv")}
    for name in SHARES:
        table = plates / name / ("agreed.csv" if name in AGREED_TABLE else "labels.csv")
        for label in read_labels(table) if table.is_file() else ():
            if readable(to_shapes(label.text)) and label.text not in dev and not held_out(label.text):
                yield name, label
    for each in agreed.read():
        picture = plates / each.set_name / each.file
        if readable(to_shapes(each.text)) and each.text not in dev and picture.is_file():
            yield each.set_name, PlateLabel(picture, each.box, each.text)


def gather(plates: Path) -> Material:
    """Everything from the folder of sets; a set that is missing is left out."""
    found = list(learned(plates))
    pictures = [resize(cut(label, margin=0.06), HEIGHT_PX, WIDTH_PX) for _, label in found]
    real = Crops(
        np.stack(pictures) if pictures else np.zeros((0, HEIGHT_PX, WIDTH_PX), np.uint8),
        tuple(name for name, _ in found),
        tuple(to_shapes(label.text) for _, label in found),
        tuple(label.country for _, label in found),
    )
    backgrounds = []
    for path in sorted((plates / "negatives-openalpr").glob("*.jpg")):
        with Image.open(path) as picture:
            picture.draft("L", (BACKGROUND_PX, BACKGROUND_PX))
            grey = picture.convert("L")
            grey.thumbnail((BACKGROUND_PX, BACKGROUND_PX))
            backgrounds.append(np.asarray(grey))
    scored = [
        (name, picture, label)
        for name, (all_, labels) in scored_crops(plates, 0.10).items()
        for picture, label in zip(all_, labels, strict=True)
    ]
    return Material(
        real,
        tuple(backgrounds),
        Crops(
            np.stack([picture for _, picture, _ in scored]) if scored else np.zeros((0, 64, 128), np.uint8),
            tuple(name for name, _, _ in scored),
            tuple(to_shapes(label.text) for _, _, label in scored),
            tuple(label.country for _, _, label in scored),
        ),
    )


def write(material: Material, path: Path) -> int:
    """The pack's size in bytes; ValueError when it is larger than MOST_BYTES. Scored pictures are kept without loss."""
    parts: dict[str, NDArray[np.generic]] = {}
    for name, pictures, lossless in (
        ("real", material.real.pictures, False),
        ("backgrounds", material.backgrounds, False),
        ("scored", material.scored.pictures, True),
    ):
        coded = [encoded(picture, lossless) for picture in pictures]
        parts[name] = np.frombuffer(b"".join(coded), np.uint8)
        parts[f"{name}_ends"] = np.cumsum([len(each) for each in coded])
    for name, crops in (("real", material.real), ("scored", material.scored)):
        for column in ("sets", "texts", "countries"):
            parts[f"{name}_{column}"] = np.array(getattr(crops, column), np.str_)
    content = io.BytesIO()
    np.savez(content, **parts)  # type: ignore[arg-type]
    if content.tell() > MOST_BYTES:
        raise ValueError(f"the pack would be {content.tell()} bytes, at most {MOST_BYTES} are wanted: lower STORED_QUALITY")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.getvalue())
    return content.tell()


def read(path: Path) -> Material:
    """A pack as `write` made it."""
    with np.load(path) as stored:
        pictures = {name: decoded(stored[name], stored[f"{name}_ends"]) for name in ("real", "backgrounds", "scored")}
        crops = {
            name: Crops(
                np.stack(pictures[name]) if pictures[name] else np.zeros((0, 1, 1), np.uint8),
                *(tuple(map(str, stored[f"{name}_{column}"])) for column in ("sets", "texts", "countries")),
            )
            for name in ("real", "scored")
        }
    return Material(crops["real"], tuple(pictures["backgrounds"]), crops["scored"])


def encoded(picture: U8, lossless: bool) -> bytes:
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "WEBP", lossless=lossless, quality=100 if lossless else STORED_QUALITY)
    return content.getvalue()


def decoded(content: U8, ends: NDArray[np.int64]) -> list[U8]:
    raw, begin, pictures = content.tobytes(), 0, []
    for end in ends.tolist():
        pictures.append(np.asarray(Image.open(io.BytesIO(raw[begin:end])).convert("L")))
        begin = end
    return pictures


def main(arguments: Sequence[str]) -> int:
    """Command line, see the module's text."""
    parser = argparse.ArgumentParser(prog="python -m scripts.training.ocr.material", description=__doc__.split("\n")[0])
    parser.add_argument("--plates", type=Path, default=PLATES)
    parser.add_argument("--out", type=Path, default=PACK)
    options = parser.parse_args(arguments)
    material = gather(options.plates)
    size = write(material, options.out)
    counts = {name: material.real.sets.count(name) for name in SHARES}
    print(f"{options.out}: {size / 1e6:.1f} MB, {len(material.real.texts)} crops {counts}, {len(material.scored.texts)} scored")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
