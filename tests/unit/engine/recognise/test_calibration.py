"""The map from raw certainty to confidence, and cards whose map is none."""

from __future__ import annotations

from typing import Any

import pytest

from board.kit.errors import ModelError
from engine.recognise.calibration import Calibration, calibration_of, certainty


def test_certainty_is_the_product_of_all_slots() -> None:
    assert certainty([0.9, 0.5, 1.0]) == pytest.approx(0.45)


def test_between_knots_the_map_is_straight_and_beyond_its_ends_it_is_level() -> None:
    calibration = Calibration((0.2, 0.5, 0.9), (0.1, 0.7, 0.95))
    assert [calibration(raw) for raw in (0.0, 0.2, 0.35, 0.5, 0.7, 0.9, 1.0)] == pytest.approx(
        [0.1, 0.1, 0.4, 0.7, 0.825, 0.95, 0.95]
    )


def test_a_card_without_a_map_leaves_the_certainty_as_it_is() -> None:
    calibration = calibration_of({}, "ocr.tflite")
    assert [calibration(raw) for raw in (0.0, 0.37, 1.0)] == pytest.approx([0.0, 0.37, 1.0])


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ([0, 1], "two lists of one length"),
        ({"raw": [0, 1]}, "two lists of one length"),
        ({"raw": [0, 1], "right": [0, 0.5, 1]}, "two lists of one length"),
        ({"raw": [0.5], "right": [0.5]}, "two lists of one length"),
        ({"raw": [0, 1.2], "right": [0, 1]}, "may hold only numbers from 0 to 1"),
        ({"raw": [0, 1], "right": [0, float("nan")]}, "may hold only numbers from 0 to 1"),
        ({"raw": [0, "1"], "right": [0, 1]}, "may hold only numbers from 0 to 1"),
        ({"raw": [0, 0.5, 0.5], "right": [0, 0.5, 1]}, "not monotone"),
        ({"raw": [0, 0.5, 1], "right": [0, 0.8, 0.7]}, "not monotone"),
    ],
)
def test_a_map_that_is_none_is_refused_in_words(told: Any, wrong: str) -> None:
    with pytest.raises(ModelError, match=f"models/ocr.tflite: the calibration of its card .*{wrong}"):
        calibration_of({"calibration": told}, "models/ocr.tflite")
