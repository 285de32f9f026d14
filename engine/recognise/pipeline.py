"""Recogniser: a frame's pixels in, the plates in it out: detect, rectify, ocr, then the grammar of the chosen countries."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.countries import kind, owners, rank, to_script
from engine.recognise.calibration import certainty
from engine.recognise.colour import colours, light
from engine.recognise.detect import FILL, Detector, edges, overlap, same_box
from engine.recognise.interpreter import Network, beside
from engine.recognise.ocr import Ocr, OcrRead, char_height
from engine.recognise.overlay import is_overlay
from engine.recognise.rectify import Margin, PlateCrop, leans, rectify, whole
from engine.recognise.small_picture import letterbox_small
from engine.types import CharRead, PlateBox, PlateRead, Roi

U8 = NDArray[np.uint8]

MODELS = Path(__file__).resolve().parents[2] / "models"
MOST_PLATES = 8
"""Boxes read in one frame, the best first: bounds the time that a frame full of fences can cost."""
FIRST_LOOK = Margin(0.04, 0.04, 0.04, 0.04)
LOOKS = ((FIRST_LOOK, (0, 1)), (Margin(0.10, 0.10, 0.10, 0.10), (1,)), (Margin(-0.02, -0.02, -0.02, -0.02), (0,)))
"""Margin and numbers of the readers. The detector's boxes are uneven: what no reader read surely is looked at again wider and
tighter (docs/training.md, "Two readers")."""
CROP_LOOKS = ((Margin(), (0, 1)), (Margin(0.06, 0.06, 0.06, 0.06), (1,)))
"""The same for a picture that is one plate; beyond it its edge goes on."""
UPRIGHT_BY = (1,)
"""Who looks at such a picture set upright."""
SURE_PCT = 90.0
"""From here on a further look changed nothing that was wrong."""
LONE_SHARE = 0.4
"""A text that only one look gave while the others, none of them sure, gave other ones is right so much more seldom than its
confidence says: of held-out plates and of boxes that are none, as four cameras see them, 10 % at 25 to 40, 32 % at 50 to 60, 39 %
at 70 to 80."""
PIECE_SHARE = 0.5
"""With that, and further looks at what fits no format, 8.3 instead of 8.8 % of the views of 481 approaches of the training side are
read wrong and 66.9 instead of 66.6 right; without a limit 7.9 and 66.8, but texts with a doubled first character win."""
LEAST_PIECE = 3
LEAST_CHARACTERS = 2
SHORT_CHARACTERS = 3
"""A shorter text is a plate only at SURE_PCT: some countries have plates of one digit and one letter, but most signs are short."""
LEAST_CONFIDENCE_PCT = 25.0
"""A box whose text is shorter or less sure is not a plate but a grille or a sign.

Confidence is calibrated (`calibration.py`): of reads at 25 a quarter is right."""
STRANGE_SCORE = 0.4
"""Lowest score from nearer of a plate whose text fits no format of its country, or of any where none is named: the network for
close-ups has learnt what signs look like. Of 81 signs that were drawn into plate-free pictures of the training side and read at 80
and more 36 are left out so, and 4 of 705 plates of its scenes."""
SIGN_CHARACTERS, SIGN_SCORE = 5, 0.5
"""The same for a text this short or without a digit, whatever its format: most signs are so, and many fit one (B 96, KM 48). Of 309
such texts of signs that were drawn into plate-free pictures of the training side and read, 45 are left so; of 72 such plates there
that are read right, 43 of them with a word of the owner's, none is lost, of 94 reads in boxes without a labelled text 4, of which
some are wrong."""
HARDLY_PCT, NEARER_PCT = (10.0, 50.0), 85.0
"""What is read at less is a grille (of 480 such boxes of the training side 3 were read from nearer); what is read better keeps its
text. Of 610 approaches of the training side 510 instead of 508 are decided right so and 16 wrong, as before; up to 70 it were 508
and 18, as the surer of two reads is no better than the first where that was not bad."""
OTHERS_PCT = 60.0
"""Lowest confidence of what is read in other boxes: with it 511 of these approaches are decided right and 17 wrong, and of single
views 66.4 % are read right and 7.9 wrong instead of 65.7 and 7.9; from 25 on 66.6 and 8.4."""
SAME_CROP_IOU = 0.4
"""A plate found in a picture that is one plate is that plate if the two share this much."""


Look = tuple[PlateCrop, tuple[int, ...]]
"""A crop and the numbers of the readers that look at it, one after the other."""


class Recogniser:
    """Reads plates. One per thread: the networks hold their working memory.

    `readers`: the first looks at every plate; the second, which was built and trained in another way and errs elsewhere, only at
    those that the first did not read surely."""

    sure_pct = SURE_PCT
    """A read at least this confident needs no further look (of confidences that are not calibrated another number)."""

    def __init__(self, models: Path = MODELS, threads: int = 1, countries: Sequence[str] = (), masks: Sequence[Roi] = ()) -> None:
        """Loads models/detector.tflite and models/ocr.tflite, the network for close-ups that the card of the first names and the
        second reader that the other's names, if they name any; ModelError says which is missing or wrong and why.

        `countries`: codes ("DE", "US-TX") whose formats settle look-alikes; none means the whole world; `masks`: parts of a
        frame where no plate is reported."""
        detector = Network(models / "detector.tflite", "detector", threads)
        self.models = models
        self.runtime = detector.runtime
        near = beside(detector.card, "near", detector.path)
        self.detector = Detector(detector, Network(near, "detector", threads) if near else None)
        self.countries = tuple(countries)
        self.masks = tuple(masks)
        first = Network(models / "ocr.tflite", "ocr", threads)
        second = beside(first.card, "second", first.path)
        networks = (first, Network(second, "ocr", threads)) if second else (first,)
        self.readers = tuple(Ocr(network, self.countries) for network in networks)
        self.untrained = frozenset.intersection(*(reader.left_out for reader in self.readers))
        """Countries that no reader has learnt."""
        self.files = (detector.path, *((near,) if near else ()), *(network.path for network in networks))
        # the first run of a network and of the grammar builds their tables: not on the first car's time
        self.find(np.zeros((96, 128, 3), np.uint8))
        self.read_crop(np.zeros((16, 48, 3), np.uint8))
        rank((), "A1", self.countries)

    def find(self, rgb: U8, roi: Roi | None = None, small: U8 | None = None) -> list[PlateBox]:
        """The plates of a frame (H, W, 3) uint8, or of the part inside the ROI, in frame pixels, best first.

        `small`: the whole frame in grey as the camera's scaler shrank it (`Frame.small`); None: it is shrunk here."""
        return next(self._finds(rgb, roi, small))

    def _finds(self, rgb: U8, roi: Roi | None, small: U8 | None) -> Iterator[list[PlateBox]]:
        """Those, and, if asked for more, others (`Detector.looks`)."""
        front = None if small is None else letterbox_small(small, (rgb.shape[1], rgb.shape[0]), roi)
        size = rgb.shape[1], rgb.shape[0]
        for found in self.detector.looks(rgb, roi, front):
            yield [
                plate
                for plate in found
                if not any(_masked(plate, mask, size) for mask in self.masks) and not is_overlay(rgb, plate.box)
            ]

    def read(self, rgb: U8, roi: Roi | None = None, small: U8 | None = None) -> list[PlateRead]:
        """The plates of a frame (as for `find`) with their text, the most confident first; what reads as nothing is dropped. Where
        nothing is left, other boxes are read, too."""
        finds = self._finds(rgb, roi, small)
        found = self._plates([self._read_found(rgb, plate) for plate in next(finds)[:MOST_PLATES]], rgb)
        if not found:
            others = [(self.read_plate(rgb, plate), plate) for plate in next(finds)[:MOST_PLATES]]
            found = self._plates([each for each in others if each[0].confidence >= OTHERS_PCT], rgb)
        # a text stands once in a frame: its mirror image in a wet bonnet or a window is not a second car
        best: dict[str, tuple[PlateRead, PlateBox]] = {}
        for read, plate in sorted(found, key=lambda each: -each[0].confidence):
            best.setdefault(read.text, (read, plate))
        lit = light(rgb) if best else None
        return [_with_look(read, plate, *colours(rgb, plate, lit)) for read, plate in best.values()]

    def _read_found(self, rgb: U8, plate: PlateBox) -> tuple[PlateRead, PlateBox]:
        """The text of one found plate and where it is: the box of a close-up, where the first one was hardly read and what is seen
        from nearer is read well."""
        read = self.read_plate(rgb, plate)
        if HARDLY_PCT[0] <= read.confidence < HARDLY_PCT[1]:
            for nearer in self.detector.close_up(rgb, plate):
                if not same_box(nearer, plate):
                    again = self.read_plate(rgb, nearer)
                    if again.confidence >= NEARER_PCT:
                        return again, nearer
        return read, plate

    def _plates(self, found: Sequence[tuple[PlateRead, PlateBox]], rgb: U8) -> list[tuple[PlateRead, PlateBox]]:
        """Those that are plates."""
        return [(read, plate) for read, plate in found if _is_plate(read) and self._is_believed(read, plate, rgb)]

    def _is_believed(self, read: PlateRead, plate: PlateBox, rgb: U8) -> bool:
        """Whether its text is one of its country, and none as signs have it, or it looks like a plate from nearer too."""
        known = owners(read.text)
        least = 0.0 if read.country in known or (known and not read.country) else STRANGE_SCORE
        if _is_like_a_signs(read.text) and self.detector.fits_close_up(rgb, plate):
            least = SIGN_SCORE
        return not least or any(nearer.score >= least for nearer in self.detector.close_up(rgb, plate))

    def read_plate(self, rgb: U8, plate: PlateBox) -> PlateRead:
        """The text of one found plate, after further looks where the first was unsure."""
        return self.read_looks(((rectify(rgb, plate, margin), readers) for margin, readers in LOOKS), plate)

    def read_crop(self, rgb: U8) -> PlateRead:
        """A picture (H, W, 3) uint8 that is one plate, after further looks where the first was unsure, the last at the plate set
        upright where it leans; text "" when nothing is read."""
        return replace(self.read_looks(self._crop_looks(rgb)), box=(0, 0, rgb.shape[1], rgb.shape[0]))

    def _crop_looks(self, rgb: U8) -> Iterator[Look]:
        yield from ((whole(rgb, margin), readers) for margin, readers in CROP_LOOKS)
        height, width = rgb.shape[:2]
        around = np.full((3 * height, 3 * width, 3), FILL, np.uint8)
        around[height : 2 * height, width : 2 * width] = rgb
        here = (float(width), float(height), 2.0 * width, 2.0 * height)
        plate = next((plate for plate in self.detector.look(around) if overlap(edges(plate), here) > SAME_CROP_IOU), None)
        if plate is not None and leans(plate.corners):
            look = rectify(around, plate, FIRST_LOOK)
            yield replace(look, left=look.left - width, top=look.top - height), UPRIGHT_BY

    def read_looks(self, looks: Iterable[Look], plate: PlateBox | None = None) -> PlateRead:
        """The text of one plate from looks at it until one is sure; else the text for which most confidence was given in all. Its
        box is the detector's, or the whole crop.

        Countries are told by the first look alone: the first reader knows them better. A text that fits no format of the country
        that the plate looks like is not sure: a look that missed a character, or a row, is often sure of the others."""
        reads: list[PlateRead] = []
        head: Mapping[str, float] | None = None
        for crop, numbers in looks:
            for reader in (self.readers[number] for number in numbers if number < len(self.readers)):
                seen = reader.read(crop.picture)
                head = seen.head if head is None else head
                read, off_format = self._settled(replace(seen, head=head), reader, crop, plate)
                reads.append(read)
                if read.confidence >= self.sure_pct and not off_format:
                    return read
        return _likeliest(reads) if len(self.readers) > 1 else max(reads, key=lambda read: read.confidence)

    def _settled(self, seen: OcrRead, reader: Ocr, crop: PlateCrop, plate: PlateBox | None) -> tuple[PlateRead, bool]:
        """What the grammar makes of a read, and whether it fits no format of its country."""
        ranked = rank(seen.slots, seen.text, self.countries, seen.head)
        sure = [seen.empty_confidence, ranked.end_confidence, *(char.confidence for char in ranked.chars)]
        confidence = reader.calibration(certainty(sure)) if ranked.text else 0.0
        text, chars = ranked.text, ranked.chars
        if not text.isascii():
            text = to_script(text, ranked.country)
            chars = tuple(CharRead(symbol, char.confidence) for symbol, char in zip(text, chars, strict=True))
        whole_box = (round(crop.left), round(crop.top), round(crop.width), round(crop.height))
        read = PlateRead(
            text=text,
            chars=chars,
            confidence=round(100 * confidence, 1),
            country=ranked.country,
            box=plate.box if plate else whole_box,
            char_height_px=round(char_height(crop.picture) * crop.height, 1),
            slots=seen.slots[: len(text)],
            region=ranked.region,
        )
        return read, ranked.off_format


def _likeliest(reads: Sequence[PlateRead]) -> PlateRead:
    """The surest of the reads whose text most confidence was given to in all; doubted when no other look gave that text.

    A look that lost the beginning or the end speaks for the whole text too, if that has at least PIECE_SHARE of its confidence."""
    own: dict[str, float] = defaultdict(float)
    for read in reads:
        own[read.text] += read.confidence
    pieces = {text: [piece for piece in own if _is_end_of(piece, text) and own[text] >= PIECE_SHARE * own[piece]] for text in own}
    given = {text: own[text] + sum(own[piece] for piece in pieces[text]) for text in own}
    best = max(reads, key=lambda read: (given[read.text], len(read.text), read.confidence))
    alone = sum(read.text == best.text for read in reads) == 1
    return replace(best, confidence=round(LONE_SHARE * best.confidence, 1)) if alone else best


def _is_end_of(piece: str, text: str) -> bool:
    """Whether a text is the beginning or the end of a longer one."""
    return LEAST_PIECE <= len(piece) < len(text) and (text.startswith(piece) or text.endswith(piece))


def _masked(plate: PlateBox, mask: Roi, size: tuple[int, int]) -> bool:
    """Whether the plate's centre lies in the mask. `size`: the frame's (width, height)."""
    left, top, width, height = plate.box
    across, down = (left + width / 2) / size[0], (top + height / 2) / size[1]
    return mask.holds(across, down)


def _is_plate(read: PlateRead) -> bool:
    least = SURE_PCT if len(read.text) < SHORT_CHARACTERS else LEAST_CONFIDENCE_PCT
    return len(read.text) >= LEAST_CHARACTERS and read.confidence >= least


def _is_like_a_signs(text: str) -> bool:
    return len(text) <= SIGN_CHARACTERS or not any(char.isdigit() for char in text)


def _with_look(read: PlateRead, plate: PlateBox, ground: str, ink: str) -> PlateRead:
    code = f"{read.country}-{read.region}" if read.region else read.country
    (left, left_y), (right, right_y) = plate.corners[:2]
    tilt_deg = math.degrees(math.atan2(right_y - left_y, max(right - left, 1.0)))
    return replace(read, plate_colour=ground, plate_kind=kind(code, ground, ink, read.text), tilt_deg=round(tilt_deg, 1))
