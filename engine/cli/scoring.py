"""Scoring: what was read against what is labelled: counts per set, by width and height, confusions, calibration."""

from __future__ import annotations

import itertools
import math
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from board.kit.errors import ImageError
from board.pictures import load_rgb
from engine.cli.labels import Label, LabelledSet
from engine.countries import countries
from engine.lists import fold
from engine.types import Box, PlateBox, PlateRead

FOUND_IOU = 0.5
SAME_PLATE_IOU = 0.3
FALSE_IOU = 0.1
WIDTHS_PX = (50, 75, 100, 150, 250)
HEIGHTS_PX = (15, 20, 25, 40, 80)
TILTS_DEG = (2, 4, 8)
LIGHTS = (40, 80, 120, 160)
NORMAL_95 = 1.96
BANDS_PCT = (0, 50, 60, 70, 80, 90, 95, 100)
SURE_PCT = 90


@dataclass(frozen=True, slots=True)
class Reading:
    """One labelled plate and what was read there; "" on either side: not labelled, not read. Pixels are the picture's.

    `confidence` 0..100, 0 when nothing was read; `place`: the label's box, None for a crop; `shown`: what the picture shows where
    the label is known to be wrong, else ""; `tilt_deg` as read, 0 in a crop; `light`: mean grey of the plate, 0..255."""

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
    """A labelled box: whether the detector found it at IoU 0.5."""

    width_px: int
    found: bool


@dataclass
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
        sure = [reading for reading in read if reading.confidence >= SURE_PCT]
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
            "country_pct": percent(sum(right_country(each.country, each.wanted_country) for each in named), len(named)),
            "reads": len(read),
            "reads_90_pct": percent(len(sure), len(read)),
            "right_at_90_pct": percent(sum(reading.right for reading in sure), len(sure)),
            "ms_per_image": round(1000 * self.seconds / self.images, 2) if self.images else None,
            "rule": self.rule,
        }

    def details_as_json(self) -> dict[str, object]:
        """The tables behind the percentages."""
        return {
            "by_width_px": by_width(self.texts, self.places),
            "by_char_height_px": by_char_height(self.texts),
            "by_tilt_deg": by_tilt(self.texts),
            "by_light": by_light(self.texts),
            "confusions": [{"wanted": a, "read": b, "count": count} for (a, b), count in confusions(self.texts).most_common()],
            "calibration": calibration(self.texts),
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
        reading = add_crop(tally, picture, labels[0], read, rgb.shape[1], float(rgb.mean()))
        if witness:
            witness(reading, rgb, None)
        return
    reads = recogniser.read(rgb)
    tally.seconds += time.perf_counter() - begun
    plates = recogniser.find(rgb)
    for reading, here in add_scene(tally, one, picture, [plate.box for plate in plates], reads, rgb):
        if witness:
            witness(reading, rgb, next((plate for plate in plates if here and plate.box == here.box), None))


def is_crop(labels: Sequence[Label]) -> bool:
    """Whether a picture is one plate: it has a text and no box."""
    return bool(labels) and labels[0].box is None


def add_crop(tally: Tally, picture: Path, label: Label, read: PlateRead | None, width_px: int, light: float = 0.0) -> Reading:
    """Counts a picture that is one plate, `width_px` wide, `light` its mean grey."""
    tally.images += 1
    reading = reading_of(picture, label, read, width_px, light)
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
        tally.places += [Place(box[2], any(iou(box, other) >= FOUND_IOU for other in found)) for box in boxes]
        tally.false_boxes += strangers(found, known)
        tally.false_plates += strangers([read.box for read in reads], known)
    readings = []
    for label in labels:
        if label.box and (label.text or names_country(label.country)):
            here = read_at(label.box, reads)
            light = 0.0 if rgb is None else light_of(rgb, label.box)
            readings.append((reading_of(picture, label, here, label.box[2], light), here))
    tally.readings += [reading for reading, _ in readings]
    return readings


def reading_of(picture: Path, label: Label, read: PlateRead | None, width_px: int, light: float = 0.0) -> Reading:
    text, confidence, country, height_px, tilt_deg = "", 0.0, "", 0.0, 0.0
    if read is not None and read.text:
        text, confidence, country, height_px, tilt_deg = (
            read.text,
            read.confidence,
            read.country,
            read.char_height_px,
            read.tilt_deg,
        )
    return Reading(
        picture, label.text, text, confidence, label.country, country, width_px, height_px, label.box, label.shown, tilt_deg, light
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


def iou(a: Box, b: Box) -> float:
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(across, 0) * max(down, 0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared) if shared else 0.0


def strangers(found: Iterable[Box], labelled: Sequence[Box]) -> int:
    """How many of the boxes touch no label (IoU < 0.1)."""
    return sum(all(iou(box, label) < FALSE_IOU for label in labelled) for box in found)


def read_at(box: Box, reads: Iterable[PlateRead]) -> PlateRead | None:
    """The first (most confident) read at a label's place."""
    return next((read for read in reads if iou(read.box, box) >= SAME_PLATE_IOU), None)


def names_country(label: str) -> bool:
    """Whether a label's country can be judged: an alpha-2 code or "EU"; not "", "mixed", "RO?"."""
    return re.fullmatch("[A-Z]{2}", label) is not None


def right_country(read: str, label: str) -> bool:
    """Whether the read's country is the label's; "EU" is right for every country of Europe."""
    if label == "EU":
        described = countries().get(read)
        return described is not None and described.region == "Europe"
    return read == label


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


def class_of(value: float, edges: Sequence[int]) -> int:
    """Index of the class that a value falls into: below the first edge 0, from the last edge on len(edges)."""
    return sum(value >= edge for edge in edges)


def class_names(edges: Sequence[int]) -> list[str]:
    between = [f"{low}-{high}" for low, high in itertools.pairwise(edges)]
    return [f"<{edges[0]}", *between, f">={edges[-1]}"]


def by_width(texts: Iterable[Reading], places: Iterable[Place]) -> list[dict[str, object]]:
    """Accuracy and recall by the labelled plate's width in px (a crop's is its picture's)."""
    read: list[list[Reading]] = [[] for _ in range(len(WIDTHS_PX) + 1)]
    seen: list[list[Place]] = [[] for _ in read]
    for reading in texts:
        read[class_of(reading.width_px, WIDTHS_PX)].append(reading)
    for place in places:
        seen[class_of(place.width_px, WIDTHS_PX)].append(place)
    return [
        {
            "width_px": name,
            **_accuracy(readings),
            "boxes": len(boxes),
            "recall_50_pct": percent(sum(place.found for place in boxes), len(boxes)),
        }
        for name, readings, boxes in zip(class_names(WIDTHS_PX), read, seen, strict=True)
    ]


def by_char_height(texts: Iterable[Reading]) -> list[dict[str, object]]:
    """Accuracy by the height of the characters in px as the engine measured it; plates that were not read have none."""
    return _by("char_height_px", HEIGHTS_PX, ((reading.char_height_px, reading) for reading in texts if reading.read))


def by_tilt(texts: Iterable[Reading]) -> list[dict[str, object]]:
    """Accuracy by how far a plate in a scene is turned, in degrees, as the engine measured it: plates that were read."""
    return _by("tilt_deg", TILTS_DEG, ((abs(reading.tilt_deg), reading) for reading in texts if reading.read and reading.place))


def by_light(texts: Iterable[Reading]) -> list[dict[str, object]]:
    """Accuracy by the mean grey of the plate, 0..255."""
    return _by("light", LIGHTS, ((reading.light, reading) for reading in texts))


def _by(name: str, edges: Sequence[int], measured: Iterable[tuple[float, Reading]]) -> list[dict[str, object]]:
    classes: list[list[Reading]] = [[] for _ in range(len(edges) + 1)]
    for value, reading in measured:
        classes[class_of(value, edges)].append(reading)
    return [{name: which, **_accuracy(some)} for which, some in zip(class_names(edges), classes, strict=True)]


def _accuracy(readings: Sequence[Reading]) -> dict[str, object]:
    total = len(readings)
    return {
        "plates": total,
        "exact_pct": percent(sum(reading.exact for reading in readings), total),
        "folded_pct": percent(sum(reading.right for reading in readings), total),
    }


def calibration(texts: Iterable[Reading]) -> list[dict[str, object]]:
    """Reads by their confidence: how many, and the share that is right (O as 0, I as 1). The last band includes 100."""
    bands: list[list[Reading]] = [[] for _ in BANDS_PCT[1:]]
    for reading in texts:
        if reading.read:
            bands[class_of(reading.confidence, BANDS_PCT[1:-1])].append(reading)
    return [
        {
            "confidence_pct": f"{low}-{high}",
            "reads": len(band),
            "right_pct": percent(sum(reading.right for reading in band), len(band)),
        }
        for (low, high), band in zip(itertools.pairwise(BANDS_PCT), bands, strict=True)
    ]


def confusions(texts: Iterable[Reading]) -> Counter[tuple[str, str]]:
    """(wanted, read) characters that differ in plates that were read: ("O", "0"); ("O", "") missing, ("", "I") phantom."""
    pairs: Counter[tuple[str, str]] = Counter()
    for reading in texts:
        if reading.read and not reading.exact:
            pairs.update(pair for pair in align(reading.wanted, reading.read) if pair[0] != pair[1])
    return pairs


def align(wanted: str, read: str) -> list[tuple[str, str]]:
    """The two texts character by character, by fewest edits (Levenshtein); "" stands where one has nothing."""
    rows = [list(range(len(read) + 1))]
    for i, a in enumerate(wanted, 1):
        row = [i]
        for j, b in enumerate(read, 1):
            row.append(min(rows[i - 1][j - 1] + (a != b), rows[i - 1][j] + 1, row[j - 1] + 1))
        rows.append(row)
    pairs: list[tuple[str, str]] = []
    i, j = len(wanted), len(read)
    while i or j:
        if i and j and rows[i][j] == rows[i - 1][j - 1] + (wanted[i - 1] != read[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((wanted[i], read[j]))
        elif i and rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
            pairs.append((wanted[i], ""))
        else:
            j -= 1
            pairs.append(("", read[j]))
    return pairs[::-1]
