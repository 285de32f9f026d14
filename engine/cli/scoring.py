"""Scoring: what was read against what is labelled: counts per set."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from board.kit.dataclass import dataclass
from board.kit.errors import ImageError
from board.pictures import load_rgb
from engine.cli.labels import Label, LabelledSet
from engine.countries import countries, owners
from engine.lists import fold
from engine.regions import iou
from engine.types import Box, PlateBox, PlateRead

FOUND_IOU = 0.5
SAME_PLATE_IOU = 0.3
FALSE_IOU = 0.1
NORMAL_95 = 1.96
SURE_PCT = 90


@dataclass(frozen=True, slots=True)
class Reading:
    """One labelled plate and what was read there; "" on either side: not labelled, not read. Pixels are the picture's.

    `confidence` 0..100, 0 when nothing was read; `height_px`: of the plate, 0 where it is not known; `place`: the label's box, None
    for a crop; `shown`: what the picture shows where the label is known to be wrong, else ""; `tilt_deg` as read, 0 in a crop;
    `light`: mean grey of the plate, 0..255."""

    picture: Path
    wanted: str
    read: str
    confidence: float
    wanted_country: str
    country: str
    width_px: int
    char_height_px: float
    place: Box | None = None
    shown: str = ""
    tilt_deg: float = 0.0
    light: float = 0.0
    height_px: int = 0

    @property
    def exact(self) -> bool:
        return self.wanted == self.read

    @property
    def right(self) -> bool:
        """With O as 0 and I as 1."""
        return fold(self.wanted) == fold(self.read)

    @property
    def right_corrected(self) -> bool:
        """The same, by what the picture shows."""
        return fold(self.shown or self.wanted) == fold(self.read)


@dataclass(frozen=True, slots=True)
class Place:
    """A labelled box: whether the detector's first looks found it at IoU 0.5, or a plate was read there."""

    width_px: int
    found: bool


@dataclass()
class Tally:
    """Counts of one set. `readings`: plates whose text or country is labelled; `places`: those with a box; `scenes`: pictures
    that are no crops and whose boxes count; `seconds`: spent reading, decoding excluded."""

    name: str
    rule: str = ""
    images: int = 0
    scenes: int = 0
    false_boxes: int = 0
    false_plates: int = 0
    seconds: float = 0.0
    readings: list[Reading] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for name in ("images", "scenes", "false_boxes", "false_plates", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.readings += other.readings
        self.places += other.places

    @property
    def texts(self) -> list[Reading]:
        """The plates whose text is labelled."""
        return [reading for reading in self.readings if reading.wanted]

    @property
    def plates(self) -> int:
        return len(self.texts)

    @property
    def exact(self) -> int:
        return sum(reading.exact for reading in self.texts)

    @property
    def folded(self) -> int:
        return sum(reading.right for reading in self.texts)

    @property
    def boxes(self) -> int:
        return len(self.places)

    @property
    def found(self) -> int:
        return sum(place.found for place in self.places)

    @property
    def misses(self) -> list[Reading]:
        return [reading for reading in self.texts if not reading.right]

    def as_json(self) -> dict[str, object]:
        """Percentages and rates; None where the set has nothing of the kind."""
        named = [reading for reading in self.readings if names_country(reading.wanted_country)]
        read = [reading for reading in self.texts if reading.read]
        real = [(each, real_countries(each.wanted_country, each.wanted)) for each in named]
        settled = [each.country in among for each, among in real if len(among) == 1]
        return {
            "set": self.name,
            "images": self.images,
            "plates": self.plates,
            "exact_pct": percent(self.exact, self.plates),
            "folded_pct": percent(self.folded, self.plates),
            "folded_within_pct": interval(self.folded, self.plates),
            "corrected_labels": sum(bool(reading.shown) for reading in self.texts),
            "corrected_pct": percent(sum(reading.right_corrected for reading in self.texts), self.plates),
            "boxes": self.boxes,
            "recall_50_pct": percent(self.found, self.boxes),
            "false_boxes_per_image": round(self.false_boxes / self.scenes, 3) if self.scenes else None,
            "false_plates_per_image": round(self.false_plates / self.scenes, 3) if self.scenes else None,
            "country_plates": len(named),
            "country_pct": percent(sum(each.country in among for each, among in real), len(named)),
            "settled_country_plates": len(settled),
            "settled_country_pct": percent(sum(settled), len(settled)),
            "reads": len(read),
            **sureness(read),
            "ms_per_image": round(1000 * self.seconds / self.images, 2) if self.images else None,
            "rule": self.rule,
        }


class PlateReader(Protocol):
    """What is measured: `engine.recognise.pipeline.Recogniser`."""

    def find(self, rgb: NDArray[np.uint8]) -> list[PlateBox]: ...

    def read(self, rgb: NDArray[np.uint8]) -> list[PlateRead]: ...

    def read_crop(self, rgb: NDArray[np.uint8]) -> PlateRead: ...


Witness = Callable[[Reading, NDArray[np.uint8], PlateBox | None], None]
"""Told of each reading with its picture (H, W, 3) and the detector's box (None in a crop, or when nothing was read)."""


def evaluate(recogniser: PlateReader, sets: Iterable[LabelledSet], witness: Witness | None = None) -> list[Tally]:
    """One tally per set. ImageError: a picture is unreadable."""
    tallies = []
    for one in sets:
        tally = Tally(one.name, one.rule)
        for picture, labels in one.pictures.items():
            try:
                rgb = load_rgb(picture)
            except ImageError as why:
                raise ImageError("set {name}: {why}", name=one.name, why=why) from why
            _score_picture(recogniser, rgb, picture, labels, one, tally, witness)
        tallies.append(tally)
    return tallies


def _score_picture(
    recogniser: PlateReader,
    rgb: NDArray[np.uint8],
    picture: Path,
    labels: Sequence[Label],
    one: LabelledSet,
    tally: Tally,
    witness: Witness | None,
) -> None:
    begun = time.perf_counter()
    if is_crop(labels):
        read = recogniser.read_crop(rgb)
        tally.seconds += time.perf_counter() - begun
        reading = add_crop(tally, picture, labels[0], read, (rgb.shape[1], rgb.shape[0]), float(rgb.mean()))
        if witness:
            witness(reading, rgb, None)
        return
    reads = recogniser.read(rgb)
    tally.seconds += time.perf_counter() - begun
    plates = recogniser.find(rgb)
    for reading, here in add_scene(tally, one, picture, [plate.box for plate in plates], reads, rgb):
        if witness:
            witness(reading, rgb, next((plate for plate in plates if plate.box == here.box), _upright(here.box)) if here else None)


def _upright(box: Box) -> PlateBox:
    """A box that is none of the detector's first looks, with the corners of its sides."""
    left, top, right, bottom = box[0], box[1], box[0] + box[2], box[1] + box[3]
    return PlateBox(((left, top), (right, top), (right, bottom), (left, bottom)), 1.0)


def is_crop(labels: Sequence[Label]) -> bool:
    """Whether a picture is one plate: it has a text and no box."""
    return bool(labels) and labels[0].box is None


def add_crop(
    tally: Tally, picture: Path, label: Label, read: PlateRead | None, size: tuple[int, int], light: float = 0.0
) -> Reading:
    """Counts a picture that is one plate, `size` its (width, height), `light` its mean grey."""
    tally.images += 1
    reading = reading_of(picture, label, read, size, light)
    tally.readings.append(reading)
    return reading


def add_scene(
    tally: Tally,
    one: LabelledSet,
    picture: Path,
    found: Sequence[Box],
    reads: Sequence[PlateRead],
    rgb: NDArray[np.uint8] | None = None,
) -> list[tuple[Reading, PlateRead | None]]:
    """Counts a scene: `found` the detector's boxes, `reads` the most confident first; `rgb`: its pixels, for the plates' light. Its
    readings, each with the read there.

    A plate counts as read when the first read that overlaps its label (IoU >= 0.3) equals it."""
    tally.images += 1
    labels = one.pictures[picture]
    if picture not in one.trained_on:
        boxes = [label.box for label in labels if label.box]
        known = [*boxes, *one.known.get(picture, ())]
        tally.scenes += 1
        seen = [*found, *(read.box for read in reads)]
        tally.places += [Place(box[2], any(iou(box, other) >= FOUND_IOU for other in seen)) for box in boxes]
        tally.false_boxes += strangers(found, known)
        tally.false_plates += strangers([read.box for read in reads], known)
    readings = []
    for label in labels:
        if label.box and (label.text or names_country(label.country)):
            here = read_at(label.box, reads)
            light = 0.0 if rgb is None else light_of(rgb, label.box)
            readings.append((reading_of(picture, label, here, label.box[2:], light), here))
    tally.readings += [reading for reading, _ in readings]
    return readings


def reading_of(picture: Path, label: Label, read: PlateRead | None, size: tuple[int, int], light: float) -> Reading:
    text, confidence, country, height_px, tilt_deg = "", 0.0, "", 0.0, 0.0
    if read is not None and read.text:
        text, confidence, country, height_px, tilt_deg = (
            read.text,
            read.confidence,
            read.country,
            read.char_height_px,
            read.tilt_deg,
        )
    width_px, plate_height_px = size
    return Reading(
        picture,
        label.text,
        text,
        confidence,
        label.country,
        country,
        width_px,
        height_px,
        label.box,
        label.shown,
        tilt_deg,
        light,
        plate_height_px,
    )


def light_of(rgb: NDArray[np.uint8], box: Box) -> float:
    """Mean grey of the box; 0 when it lies beside the picture."""
    x, y, w, h = box
    part = rgb[max(y, 0) : max(y + h, 0), max(x, 0) : max(x + w, 0)]
    return float(part.mean()) if part.size else 0.0


def together(tallies: Iterable[Tally]) -> Tally:
    """All sets as one: every plate counts the same."""
    total = Tally("together")
    for tally in tallies:
        total.add(tally)
    return total


def strangers(found: Iterable[Box], labelled: Sequence[Box]) -> int:
    """How many of the boxes touch no label (IoU < 0.1)."""
    return sum(all(iou(box, label) < FALSE_IOU for label in labelled) for box in found)


def read_at(box: Box, reads: Iterable[PlateRead]) -> PlateRead | None:
    """The first (most confident) read at a label's place."""
    return next((read for read in reads if iou(read.box, box) >= SAME_PLATE_IOU), None)


def names_country(label: str) -> bool:
    """Whether a label's country can be judged: an alpha-2 code or "EU"; not "", "mixed", "RO?"."""
    return re.fullmatch("[A-Z]{2}", label) is not None


def real_countries(label: str, text: str) -> frozenset[str]:
    """The countries that a plate can be from, by its label and, where that says "EU", by its text: one where these settle it."""
    if label != "EU":
        return frozenset({label})
    europe = frozenset(code for code, each in countries().items() if each.region == "Europe")
    return europe & owners(text) or europe


def percent(count: int, total: int) -> float | None:
    return round(100 * count / total, 1) if total else None


def interval(count: int, total: int) -> str | None:
    """Where the true share lies at 95 %, in percent, as "90.4-93.6" (Wilson 1927); None of nothing."""
    if not total:
        return None
    share, square = count / total, NORMAL_95**2
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = NORMAL_95 * math.sqrt(share * (1 - share) / total + square / (4 * total**2)) / (1 + square / total)
    return f"{100 * max(middle - half, 0):.1f}-{100 * min(middle + half, 1):.1f}"


def sureness(readings: Sequence[Reading]) -> dict[str, object]:
    """How many of the reads are sure, and of these right, by the labels and by what the pictures show."""
    sure = [reading for reading in readings if reading.confidence >= SURE_PCT]
    return {
        "reads_90_pct": percent(len(sure), len(readings)),
        "right_at_90_pct": percent(sum(reading.right for reading in sure), len(sure)),
        "corrected_at_90_pct": percent(sum(reading.right_corrected for reading in sure), len(sure)),
    }
