"""From slot probabilities to characters, and the height of characters in a picture."""

from __future__ import annotations

import numpy as np
import pytest

from engine.recognise.interpreter import Network
from engine.recognise.ocr import Ocr, char_height
from engine.recognise.pipeline import MODELS


@pytest.fixture(scope="module")
def ocr() -> Ocr:
    return Ocr(Network(MODELS / "ocr.tflite", "ocr"))


def slots_of(ocr: Ocr, *slots: dict[str, float]) -> np.ndarray:
    table = np.zeros((10, len(ocr.alphabet)), np.float32)
    table[:, 0] = 0.97
    for row, slot in zip(table, slots, strict=False):
        row[0] = slot.get("", 0.0)
        for symbol, score in slot.items():
            row[ocr.alphabet.index(symbol)] = score
    return table


def test_empty_slots_are_left_out_and_alternatives_are_kept_best_first(ocr: Ocr) -> None:
    read = ocr.decode(slots_of(ocr, {"A": 0.9, "4": 0.08}, {"": 0.8, "I": 0.2}, {"0": 0.5, "O": 0.45, "Q": 0.01}))
    assert read.text == "A0"
    assert read.slots[0].symbols == ("A", "4")
    assert read.slots[1].symbols == ("0", "O")
    assert read.slots[1].scores == pytest.approx((0.5, 0.45))
    assert [char.confidence for char in read.chars] == pytest.approx([0.9, 0.5])
    assert read.empty_confidence == pytest.approx(0.8)


def test_a_picture_of_nothing_reads_as_nothing(ocr: Ocr) -> None:
    read = ocr.decode(slots_of(ocr))
    assert (read.text, read.chars, read.slots) == ("", (), ())


def test_probabilities_never_exceed_one(ocr: Ocr) -> None:
    assert ocr.decode(slots_of(ocr, {"A": 1.004})).chars[0].confidence == 1.0


def test_the_height_of_upright_strokes_is_measured() -> None:
    picture = np.full((64, 128), 230, np.uint8)
    picture[16:48, 10:118:8] = 20
    picture[16:48, 11:118:8] = 20
    assert char_height(picture) == pytest.approx(0.5, abs=0.05)


def test_of_two_rows_the_taller_counts() -> None:
    picture = np.full((64, 128), 230, np.uint8)
    for top, bottom in ((6, 18), (28, 58)):
        picture[top:bottom, 10:118:8] = 20
    assert char_height(picture) == pytest.approx(30 / 64, abs=0.05)


def test_a_flat_picture_has_no_characters() -> None:
    assert char_height(np.full((64, 128), 90, np.uint8)) == 0.0
