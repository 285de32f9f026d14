"""Recogniser: a frame's pixels in, the plates in it out: detect, rectify, ocr, then the grammar of the chosen countries."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.countries import kind, rank, to_script
from engine.recognise.calibration import certainty
from engine.recognise.colour import colours, light
from engine.recognise.detect import FILL, Detector, edges, overlap
from engine.recognise.interpreter import Network
from engine.recognise.ocr import Ocr, char_height
from engine.recognise.rectify import Margin, PlateCrop, leans, rectify, whole
from engine.recognise.small_picture import letterbox_small
from engine.types import CharRead, PlateBox, PlateRead, Roi

U8 = NDArray[np.uint8]

MODELS = Path(__file__).resolve().parents[2] / "models"
MOST_PLATES = 8
"""Boxes read in one frame, the best first: bounds the time that a frame full of fences can cost."""
FIRST_LOOK = Margin(0.04, 0.04, 0.04, 0.04)
SECOND_LOOKS = (Margin(-0.02, -0.02, -0.02, -0.02), Margin(0.10, 0.10, 0.10, 0.10))
"""The detector's boxes are uneven: a plate that is not read surely is looked at again tighter and wider, until a read is sure;
the surest counts. Adding the looks up slot by slot reads fewer plates. The margins were chosen on photographs of the training
side (docs/training.md, `scripts/training/ocr/looks.py`), not on the dev sets."""
CROP_LOOKS = (Margin(-0.04, -0.04, -0.04, -0.04), Margin(0.06, 0.06, 0.06, 0.06))
"""The same for a picture that is one plate; beyond it its edge goes on."""
SURE_PCT = 85.0
"""From here on a second look changed nothing that was wrong."""
LEAST_CHARACTERS = 2
SHORT_CHARACTERS = 3
"""A shorter text is a plate only at SURE_PCT: some countries have plates of one digit and one letter, but most signs are short."""
LEAST_CONFIDENCE_PCT = 25.0
"""A box whose text is shorter or less sure is not a plate but a grille or a sign.

Confidence is calibrated (`calibration.py`): of reads at 25 a quarter is right."""
SAME_CROP_IOU = 0.4
"""A plate found in a picture that is one plate is that plate if the two share this much."""


class Recogniser:
    """Reads plates. One per thread: the networks hold their working memory."""

    sure_pct = SURE_PCT
    """A read at least this confident needs no further look (of confidences that are not calibrated another number)."""

    def __init__(self, models: Path = MODELS, threads: int = 1, countries: Sequence[str] = (), masks: Sequence[Roi] = ()) -> None:
        """Loads models/detector.tflite and models/ocr.tflite; ModelError says which is missing or wrong and why.

        `countries`: codes ("DE", "US-TX") whose formats settle look-alikes; none means the whole world; `masks`: parts of a
        frame where no plate is reported."""
        detector = Network(models / "detector.tflite", "detector", threads)
        self.models = models
        self.runtime = detector.runtime
        self.detector = Detector(detector)
        self.countries = tuple(countries)
        self.masks = tuple(masks)
        self.ocr = Ocr(Network(models / "ocr.tflite", "ocr", threads), self.countries)
        # the first run of a network and of the grammar builds their tables: not on the first car's time
        self.find(np.zeros((96, 128, 3), np.uint8))
        self.read_crop(np.zeros((16, 48, 3), np.uint8))
        rank((), "A1", self.countries)

    def find(self, rgb: U8, roi: Roi | None = None, small: U8 | None = None) -> list[PlateBox]:
        """The plates of a frame (H, W, 3) uint8, or of the part inside the ROI, in frame pixels, best first.

        `small`: the whole frame in grey as the camera's scaler shrank it (`Frame.small`); None: it is shrunk here."""
        front = None if small is None else letterbox_small(small, (rgb.shape[1], rgb.shape[0]), roi)
        size = rgb.shape[1], rgb.shape[0]
        return [
            plate for plate in self.detector.look(rgb, roi, front) if not any(_masked(plate, mask, size) for mask in self.masks)
        ]

    def read(self, rgb: U8, roi: Roi | None = None, small: U8 | None = None) -> list[PlateRead]:
        """The plates of a frame (as for `find`) with their text, the most confident first; what reads as nothing is dropped."""
        found = [(self.read_plate(rgb, plate), plate) for plate in self.find(rgb, roi, small)[:MOST_PLATES]]
        found = [each for each in found if _is_plate(each[0])]
        # a text stands once in a frame: its mirror image in a wet bonnet or a window is not a second car
        best: dict[str, tuple[PlateRead, PlateBox]] = {}
        for read, plate in sorted(found, key=lambda each: -each[0].confidence):
            best.setdefault(read.text, (read, plate))
        lit = light(rgb) if best else None
        return [_with_look(read, plate, *colours(rgb, plate, lit)) for read, plate in best.values()]

    def read_plate(self, rgb: U8, plate: PlateBox) -> PlateRead:
        """The text of one found plate, after further looks where the first was unsure."""
        looks = (rectify(rgb, plate, margin) for margin in (FIRST_LOOK, *SECOND_LOOKS))
        return self._surest(self.read_crop_of(look, plate) for look in looks)

    def read_crop(self, rgb: U8) -> PlateRead:
        """A picture (H, W, 3) uint8 that is one plate, after further looks where the first was unsure, the last at the plate set
        upright where it leans; text "" when nothing is read."""
        read = self._surest(self.read_crop_of(look) for look in self._crop_looks(rgb))
        return replace(read, box=(0, 0, rgb.shape[1], rgb.shape[0]))

    def _crop_looks(self, rgb: U8) -> Iterator[PlateCrop]:
        yield whole(rgb)
        yield from (whole(rgb, margin) for margin in CROP_LOOKS)
        height, width = rgb.shape[:2]
        around = np.full((3 * height, 3 * width, 3), FILL, np.uint8)
        around[height : 2 * height, width : 2 * width] = rgb
        here = (float(width), float(height), 2.0 * width, 2.0 * height)
        plate = next((plate for plate in self.detector.look(around) if overlap(edges(plate), here) > SAME_CROP_IOU), None)
        if plate is not None and leans(plate.corners):
            look = rectify(around, plate, FIRST_LOOK)
            yield replace(look, left=look.left - width, top=look.top - height)

    def _surest(self, reads: Iterable[PlateRead]) -> PlateRead:
        """The most confident of the reads up to the first that is sure."""
        best: PlateRead | None = None
        for read in reads:
            best = read if best is None or read.confidence > best.confidence else best
            if best.confidence >= self.sure_pct:
                break
        assert best is not None  # there is a first look
        return best

    def read_crop_of(self, crop: PlateCrop, plate: PlateBox | None = None) -> PlateRead:
        """The text of a crop; its box is the detector's, or the whole crop."""
        seen = self.ocr.read(crop.picture)
        ranked = rank(seen.slots, seen.text, self.countries, seen.head)
        sure = [seen.empty_confidence, ranked.end_confidence, *(char.confidence for char in ranked.chars)]
        confidence = self.ocr.calibration(certainty(sure)) if ranked.text else 0.0
        text, chars = ranked.text, ranked.chars
        if not text.isascii():
            text = to_script(text, ranked.country)
            chars = tuple(CharRead(symbol, char.confidence) for symbol, char in zip(text, chars, strict=True))
        whole_box = (round(crop.left), round(crop.top), round(crop.width), round(crop.height))
        return PlateRead(
            text=text,
            chars=chars,
            confidence=round(100 * confidence, 1),
            country=ranked.country,
            box=plate.box if plate else whole_box,
            char_height_px=round(char_height(crop.picture) * crop.height, 1),
            slots=seen.slots[: len(text)],
            region=ranked.region,
        )


def _masked(plate: PlateBox, mask: Roi, size: tuple[int, int]) -> bool:
    """Whether the plate's centre lies in the mask. `size`: the frame's (width, height)."""
    left, top, width, height = plate.box
    across, down = (left + width / 2) / size[0], (top + height / 2) / size[1]
    return mask.left <= across <= mask.right and mask.top <= down <= mask.bottom


def _is_plate(read: PlateRead) -> bool:
    least = SURE_PCT if len(read.text) < SHORT_CHARACTERS else LEAST_CONFIDENCE_PCT
    return len(read.text) >= LEAST_CHARACTERS and read.confidence >= least


def _with_look(read: PlateRead, plate: PlateBox, ground: str, ink: str) -> PlateRead:
    code = f"{read.country}-{read.region}" if read.region else read.country
    (left, left_y), (right, right_y) = plate.corners[:2]
    tilt_deg = math.degrees(math.atan2(right_y - left_y, max(right - left, 1.0)))
    return replace(read, plate_colour=ground, plate_kind=kind(code, ground, ink, read.text), tilt_deg=round(tilt_deg, 1))
