"""The recogniser on a drawn frame: boxes in frame pixels with and without ROI, what is reported and what is dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import cast
from unittest.mock import Mock

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.cli.bench_read import PLATE, drawn_frame
from engine.countries import owners, rank
from engine.recognise import pipeline
from engine.recognise.calibration import Calibration
from engine.recognise.detect import Detector
from engine.recognise.ocr import Ocr, OcrRead
from engine.recognise.pipeline import Look, Recogniser
from engine.recognise.rectify import PlateCrop
from engine.regions import iou
from engine.types import CharRead, PlateBox, PlateRead, Roi, SlotScores


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser()


@pytest.fixture(scope="module")
def frame() -> NDArray[np.uint8]:
    return drawn_frame()


def test_the_drawn_plate_is_found_in_frame_pixels(recogniser: Recogniser, frame: NDArray[np.uint8]) -> None:
    plates = recogniser.find(frame)
    assert iou(plates[0].box, PLATE) >= 0.5
    assert 0 < plates[0].score <= 1


def test_a_roi_around_the_plate_finds_it_at_the_same_place(recogniser: Recogniser, frame: NDArray[np.uint8]) -> None:
    plates = recogniser.find(frame, Roi(0.25, 0.4, 0.8, 0.9))
    assert iou(plates[0].box, PLATE) >= 0.5


def test_a_roi_beside_the_plate_finds_nothing_at_the_plate(recogniser: Recogniser, frame: NDArray[np.uint8]) -> None:
    assert all(iou(plate.box, PLATE) == 0 for plate in recogniser.find(frame, Roi(0.0, 0.0, 0.4, 0.5)))


def test_a_plate_whose_middle_lies_in_a_mask_is_not_looked_at(recogniser: Recogniser, frame: NDArray[np.uint8]) -> None:
    (plate,) = recogniser.find(frame)
    x, y, w, h = plate.box
    height, width = frame.shape[:2]
    across, down = (x + w / 2) / width, (y + h / 2) / height
    try:
        for mask, found in (
            (Roi(0, 0, 1, 1), 0),
            (Roi(across - 0.01, down - 0.01, across + 0.01, down + 0.01), 0),
            (Roi(across + 0.01, 0, 1, 1), 1),
            (Roi(0, 0, 1, down - 0.01), 1),
            (Roi(0, 0, 1, 1, ((0, 0), (1, 0), (across, down + 0.1))), 0),
            (Roi(0, 0, 1, 1, ((0, 0), (across - 0.01, down), (0, 1))), 1),
        ):
            recogniser.masks = (Roi(0, 0, 0.01, 0.01), mask)
            assert len(recogniser.find(frame)) == found, mask
    finally:
        recogniser.masks = ()


def test_a_blank_frame_has_no_plate(recogniser: Recogniser) -> None:
    assert recogniser.read(np.full((960, 1280, 3), 114, np.uint8)) == []


@pytest.mark.parametrize("shape", [(8, 8, 3), (20, 2000, 3), (2000, 20, 3), (481, 641, 3)])
def test_frames_of_any_shape_are_read(recogniser: Recogniser, shape: tuple[int, int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    assert isinstance(recogniser.read(noise), list)
    assert 0 <= recogniser.read_crop(noise).confidence <= 100


def test_characters_confidence_and_slots_belong_together(recogniser: Recogniser, frame: NDArray[np.uint8]) -> None:
    x, y, w, h = PLATE
    read = recogniser.read_crop(frame[y : y + h, x : x + w])
    assert read.text == "".join(char.symbol for char in read.chars)
    assert len(read.slots) == len(read.text)
    assert 0 < read.confidence <= 100
    assert read.char_height_px == pytest.approx(26, abs=8)


class Found(Detector):
    """Finds what a test says, or nothing; from nearer it sees the same, if nothing else is said."""

    fits = True

    def __init__(self, plates: Sequence[PlateBox] = (), fainter: Sequence[PlateBox] = (), nearer: Sequence[PlateBox] = ()) -> None:
        self.plates, self.fainter, self.nearer = list(plates), list(fainter), list(nearer)

    def looks(self, rgb: object, roi: object = None, front: object = None) -> Iterator[list[PlateBox]]:
        yield self.plates
        yield self.fainter

    def close_up(self, rgb: object, plate: PlateBox) -> list[PlateBox]:
        return self.nearer or [replace(plate, score=0.9)]

    def fits_close_up(self, rgb: object, plate: PlateBox) -> bool:
        return self.fits


class Scripted(Recogniser):
    """Finds and reads what a test says."""

    masks = ()

    def __init__(self, reads: list[PlateRead]) -> None:
        self.reads = reads
        self.detector = Found([self.place(at) for at in range(len(reads))])

    @staticmethod
    def place(at: int) -> PlateBox:
        """Of the read of this number."""
        return PlateBox(((at, 0), (at + 9, 0), (at + 9, 5), (at, 5)), 0.5)

    def read_plate(self, rgb: object, plate: PlateBox) -> PlateRead:
        return self.reads[plate.box[0]]


FRAME = np.zeros((20, 60, 3), np.uint8)
READ = PlateRead("AB123", (), 80.0, "", (0, 0, 9, 5), 4.0)


def test_reads_come_most_confident_first_each_text_once() -> None:
    reads = [READ, replace(READ, confidence=90.0), replace(READ, text="XY99", confidence=85.0)]
    found = Scripted(reads).read(np.zeros((20, 60, 3), np.uint8))
    assert [(read.text, read.confidence) for read in found] == [("AB123", 90.0), ("XY99", 85.0)]


class Nearer(Found):
    """Sees a plate from nearer with one score, and notes how often it was asked."""

    def __init__(self, plates: Sequence[PlateBox], score: float) -> None:
        super().__init__(plates)
        self.score = score
        self.asked = 0

    def close_up(self, rgb: object, plate: PlateBox) -> list[PlateBox]:
        self.asked += 1
        return [replace(plate, score=self.score)] if self.score else []


@pytest.mark.parametrize(
    ("text", "country", "score", "looks", "read"),
    [
        ("W4RKSH4P", "US", 0.39, 1, False),
        ("W4RKSH4P", "", 0.0, 1, False),
        ("W4RKSH4P", "US", 0.41, 1, True),
        ("BA123CD", "SK", 0.0, 0, True),
        ("BA123CD", "US", 0.0, 1, False),
        ("BA123CD", "", 0.0, 0, True),
    ],
    ids=["sign", "nobody's", "vanity plate", "its own", "another country's", "somebody's"],
)
def test_a_text_of_no_format_of_its_country_is_a_plate_only_if_it_looks_like_one_from_nearer(
    text: str, country: str, score: float, looks: int, read: bool
) -> None:
    recogniser = Scripted([replace(READ, text=text, country=country, confidence=99.0)])
    nearer = recogniser.detector = Nearer(recogniser.detector.look(FRAME), score)
    assert [each.text for each in recogniser.read(np.zeros((20, 60, 3), np.uint8))] == [text] * read
    assert nearer.asked == looks


@pytest.mark.parametrize(
    ("text", "score", "fits", "read"),
    [
        ("KM48", 0.49, True, False),
        ("KM48", 0.5, True, True),
        ("KM48", 0.0, False, True),
        ("KM4812", 0.0, True, True),
        ("GARAGE", 0.49, True, False),
        ("GARAGE", 0.5, True, True),
    ],
    ids=["sign", "plate", "too large for a close-up", "longer", "word", "vanity plate"],
)
def test_a_text_as_most_signs_have_it_is_a_plate_only_if_it_looks_like_one_from_nearer(
    text: str, score: float, fits: bool, read: bool
) -> None:
    assert owners(text)
    recogniser = Scripted([replace(READ, text=text, confidence=99.0)])
    recogniser.detector = Nearer(recogniser.detector.look(FRAME), score)
    recogniser.detector.fits = fits
    assert [each.text for each in recogniser.read(FRAME)] == [text] * read


def test_a_read_carries_the_colour_of_its_plate_and_the_type_that_it_tells() -> None:
    street = np.random.default_rng(3).integers(60, 180, (20, 60, 3), dtype=np.uint8)
    street[:5, :9] = (246, 200, 40)
    street[1:4, 2:9:3] = (20, 20, 20)
    taxi = replace(READ, text="沪A12345", country="CN")
    (found,) = Scripted([taxi]).read(street)
    assert (found.plate_colour, found.plate_kind) == ("yellow", "commercial")
    grey = np.repeat(street[:, :, :1], 3, axis=2)
    (found,) = Scripted([taxi]).read(grey)
    assert (found.plate_colour, found.plate_kind) == ("", "")


def test_lettering_that_is_no_plate_hides_no_fainter_plate() -> None:
    sign, plate = replace(READ, text="SPEED", confidence=5.0), replace(READ, text="5RIN962", country="US", confidence=95.0)
    both = Scripted([sign, plate])
    both.detector = Found([both.place(0)], fainter=[both.place(1)])
    assert [read.text for read in both.read(FRAME)] == ["5RIN962"]


def test_what_is_read_in_a_fainter_box_must_be_surer() -> None:
    for confidence, read in ((pipeline.OTHERS_PCT - 1, []), (pipeline.OTHERS_PCT, ["5RIN962"])):
        both = Scripted([replace(READ, text=""), replace(READ, text="5RIN962", country="US", confidence=confidence)])
        both.detector = Found([both.place(0)], fainter=[both.place(1)])
        assert [each.text for each in both.read(FRAME)] == read


def test_beside_a_plate_that_is_read_nothing_fainter_is_looked_at() -> None:
    both = Scripted([replace(READ, text="BA123CD", country="SK"), replace(READ, text="5RIN962", country="US")])
    both.detector = Found([both.place(0)], fainter=[both.place(1)])
    assert [read.text for read in both.read(FRAME)] == ["BA123CD"]


@pytest.mark.parametrize(
    ("first", "nearer", "read"),
    [
        (pipeline.HARDLY_PCT[0], pipeline.NEARER_PCT, "5RIN962"),
        (pipeline.HARDLY_PCT[1] - 1, 99.0, "5RIN962"),
        (pipeline.HARDLY_PCT[1] - 1, pipeline.NEARER_PCT - 1, "BA123CD"),
        (pipeline.HARDLY_PCT[1], 99.0, "BA123CD"),
        (pipeline.HARDLY_PCT[0] - 1, 99.0, ""),
    ],
    ids=["hardly", "hardly, well from nearer", "hardly, not well", "not badly", "a grille"],
)
def test_what_is_hardly_read_is_read_in_the_box_that_is_seen_from_nearer(first: float, nearer: float, read: str) -> None:
    slovak, american = replace(READ, text="BA123CD", country="SK"), replace(READ, text="5RIN962", country="US")
    both = Scripted([replace(slovak, confidence=first), replace(american, confidence=nearer)])
    both.detector = Found([both.place(0)], nearer=[both.place(1)])
    assert [each.text for each in both.read(FRAME)] == ([read] if read else [])


def test_the_same_box_from_nearer_is_not_read_again() -> None:
    alone = Scripted([replace(READ, text="BA123CD", country="SK", confidence=50.0)])
    alone.detector = Found([alone.place(0)], nearer=[alone.place(0)])
    alone.read_plate = Mock(wraps=alone.read_plate)  # type: ignore[method-assign]
    assert [read.text for read in alone.read(FRAME)] == ["BA123CD"]
    assert alone.read_plate.call_count == 1


class Says:
    """A reader that says one text after the other, each with its confidence in percent, and notes how often it was asked."""

    calibration = Calibration()

    def __init__(self, *said: tuple[str, float], head: dict[str, float] | None = None) -> None:
        self.said = list(said)
        self.head = head or {}

    def read(self, picture: object) -> OcrRead:
        text, confidence = self.said.pop(0)
        slots = tuple(SlotScores((char,), (1.0,)) for char in text)
        return OcrRead(text, tuple(CharRead(char, 1.0) for char in text), slots, confidence / 100, self.head)


class Reading(Recogniser):
    """With readers that say what a test says."""

    def __init__(self, *readers: Says) -> None:
        self.detector = Found()
        self.countries = ()
        self.readers = cast(tuple[Ocr, ...], readers)


LEVEL = PlateBox(((2, 2), (20, 2), (20, 9), (2, 9)), 0.5)
SURE, DIM = pipeline.SURE_PCT + 1, pipeline.SURE_PCT - 25


def look_at(*readers: Says) -> tuple[str, float]:
    read = Reading(*readers).read_plate(np.zeros((20, 60, 3), np.uint8), LEVEL)
    return read.text, read.confidence


def test_what_the_first_reader_reads_surely_no_other_looks_at() -> None:
    second = Says(("XY99", 99.0))
    assert look_at(Says(("AB123", SURE)), second) == ("AB123", SURE)
    assert len(second.said) == 1


def test_a_second_reader_that_is_sure_ends_the_doubt_of_the_first() -> None:
    second = Says(("XY99", SURE), ("ZZ11", 99.0))
    assert look_at(Says(("AB123", DIM)), second) == ("XY99", SURE)
    assert len(second.said) == 1


def test_a_text_on_which_two_looks_agree_beats_a_surer_one_that_stands_alone() -> None:
    assert look_at(Says(("AB123", 50.0), ("ZZ11", 30.0)), Says(("XY99", DIM), ("AB123", 40.0))) == ("AB123", 50.0)


def test_a_text_that_only_one_look_gave_is_doubted() -> None:
    halved = DIM * pipeline.LONE_SHARE
    assert look_at(Says(("AB123", 20.0), ("CD456", 25.0)), Says(("XY99", DIM), ("ZZ11", 30.0))) == ("XY99", halved)


def test_a_sure_text_that_fits_no_format_of_the_country_it_looks_like_is_looked_at_again() -> None:
    head = {"CN": 0.98}
    assert rank((), "川A572F", (), head).off_format and not rank((), "川A572F4", (), head).off_format
    first, second = Says(("川A572F", SURE), ("川A572F4", 30.0), head=head), Says(("川A572F4", SURE), head=head)
    assert look_at(first, second) == ("川A572F4", SURE)
    # a plate that really is so keeps its text
    same = Says(("川A572F", SURE), ("川A572F", SURE), head=head)
    assert look_at(same, Says(("川A572F", SURE), ("川A572F", SURE))) == ("川A572F", SURE)


def test_a_look_that_lost_an_end_character_speaks_for_the_longer_text() -> None:
    assert look_at(Says(("AB123C", DIM), ("ZZ99", 5.0)), Says(("AB123CD", 40.0), ("AB123CD", 20.0))) == ("AB123CD", 40.0)
    assert look_at(Says(("B123CD", DIM), ("ZZ99", 5.0)), Says(("AB123CD", 40.0), ("AB123CD", 20.0))) == ("AB123CD", 40.0)
    # but not for one that is hardly there: a character read twice is longer too
    assert look_at(Says(("AB123C", DIM), ("AB123C", 30.0)), Says(("AAB123C", 10.0), ("AAB123C", 10.0))) == ("AB123C", DIM)


def test_one_reader_alone_looks_twice_and_the_surest_read_counts() -> None:
    assert look_at(Says(("AB123", 30.0), ("XY99", DIM))) == ("XY99", DIM)


def test_countries_are_told_by_the_first_reader_alone() -> None:
    first, second = Says(("ABC1204", DIM), head={"BR": 0.97}), Says(("ABC12O4", SURE), head={"AR": 0.97})
    read = Reading(first, second).read_plate(np.zeros((20, 60, 3), np.uint8), LEVEL)
    assert (read.text, read.country) == ("ABC1204", "BR")


class Seen(Recogniser):
    """Its OCR saw what a test says."""

    def __init__(self, seen: OcrRead, *countries: str) -> None:
        self.detector = Found()
        self.countries = countries
        self.readers = (cast(Ocr, SimpleNamespace(read=lambda picture: seen, calibration=Calibration((0.0, 0.5), (0.0, 0.9)))),)


def seen(text: str, empty: float = 1.0, head: dict[str, float] | None = None, last_empty: float = 0.0) -> OcrRead:
    slots = [SlotScores((char,), (0.9,)) for char in text[:-1]]
    slots.append(SlotScores((text[-1],), (0.9,) if not last_empty else (0.5,), last_empty))
    chars = tuple(CharRead(slot.symbols[0], slot.scores[0]) for slot in slots)
    return OcrRead(text, chars, tuple(slots), empty, head or {})


CROP = np.zeros((20, 60, 3), np.uint8)


def test_confidence_is_the_calibrated_product_of_all_slots() -> None:
    assert Seen(seen("AB", empty=0.5)).read_crop(CROP).confidence == pytest.approx(100 * 0.9 * 0.9 * 0.5 / 0.5 * 0.9, abs=0.1)
    assert Seen(seen("AB")).read_crop(CROP).confidence == 90.0


def test_the_heads_evidence_settles_text_and_country() -> None:
    read = Seen(seen("ABC12O4", head={"BR": 0.97})).read_crop(CROP)
    assert (read.text, read.country) == ("ABC1204", "BR")


def test_a_dropped_end_character_takes_its_slot_and_puts_the_read_in_doubt() -> None:
    read = Seen(seen("ABC1234X", last_empty=0.45), "BR").read_crop(CROP)
    assert (read.text, len(read.chars), len(read.slots)) == ("ABC1234", 7, 7)
    assert read.confidence == pytest.approx(100 * 0.9**7 * 0.45 / 0.5 * 0.9, abs=0.1)


def test_persian_text_leaves_the_recognition_in_persian_digits_only() -> None:
    read = Seen(seen("١٢ب٣۴۵١١")).read_crop(CROP)
    assert read.text == "۱۲ب۳۴۵۱۱" == "".join(char.symbol for char in read.chars)


def test_short_and_unsure_reads_are_no_plates() -> None:
    reads = [
        replace(READ, text="A", confidence=99.0),
        replace(READ, text="AB", confidence=pipeline.SURE_PCT - 1),
        replace(READ, text=""),
        replace(READ, confidence=pipeline.LEAST_CONFIDENCE_PCT - 1),
    ]
    assert Scripted(reads).read(np.zeros((20, 60, 3), np.uint8)) == []


def test_a_plate_of_two_characters_is_one_when_it_is_read_surely() -> None:
    reads = [replace(READ, text="1B", confidence=pipeline.SURE_PCT)]
    assert [read.text for read in Scripted(reads).read(np.zeros((20, 60, 3), np.uint8))] == ["1B"]


class Looking(Recogniser):
    """Keeps the crops that its one reader looks at; that is unsure of each."""

    def __init__(self, *plates: PlateBox) -> None:
        self.detector = Found(plates)
        self.countries = ()
        self.readers = cast(tuple[Ocr, ...], (Says(*[("AB123", 30.0)] * 9), Says(*[("AB123", 30.0)] * 9)))
        self.looks: list[PlateCrop] = []

    def read_looks(self, looks: Iterable[Look], plate: PlateBox | None = None) -> PlateRead:
        def noted() -> Iterator[Look]:
            for crop, numbers in looks:
                self.looks.append(crop)
                yield crop, numbers

        return super().read_looks(noted(), plate)


def test_an_unsure_crop_is_looked_at_wider_and_its_box_is_the_whole_picture() -> None:
    crop = np.random.default_rng(1).integers(0, 255, (50, 100, 3), dtype=np.uint8)
    unsure = Looking()
    read = unsure.read_crop(crop)
    assert (read.confidence, read.box) == (30.0, (0, 0, 100, 50))
    assert [(look.left, look.top, look.width, look.height) for look in unsure.looks] == [(0, 0, 100, 50), (-6, -3, 112, 56)]


def test_a_leaning_plate_in_an_unsure_crop_is_set_upright() -> None:
    crop = np.zeros((50, 100, 3), np.uint8)
    leaning = PlateBox(((105, 52), (195, 75), (195, 98), (105, 75)), 0.9)
    elsewhere = PlateBox(((5, 2), (95, 25), (95, 48), (5, 25)), 0.9)
    unsure = Looking(elsewhere, leaning)
    unsure.read_crop(crop)
    assert len(unsure.looks) == 3
    assert (round(unsure.looks[2].width), unsure.looks[2].left < 5) == (100, True)
    level = Looking(PlateBox(((105, 52), (195, 52), (195, 98), (105, 98)), 0.9))
    level.read_crop(crop)
    assert len(level.looks) == 2


def test_a_frame_full_of_boxes_costs_only_the_best_of_them() -> None:
    reads = [replace(READ, text=f"AB{i:03}") for i in range(30)]
    assert len(Scripted(reads).read(np.zeros((20, 60, 3), np.uint8))) == pipeline.MOST_PLATES
