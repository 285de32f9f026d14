"""Accuracy of the shipped models over the label files of the development photographs; no photograph's text stands here."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli.labels import read_set
from engine.cli.scoring import Tally, evaluate, together
from engine.recognise.pipeline import Recogniser

PLATES = Path(__file__).resolve().parents[3] / "shared" / "data" / "plates"
DEV_SETS = ("openalpr-us", "openalpr-eu", "openalpr-br")
TABLES = [PLATES / name / "labels.csv" for name in DEV_SETS]

pytestmark = pytest.mark.skipif(
    not all(table.is_file() for table in TABLES), reason="the labelled development photographs are not on this machine"
)


@pytest.fixture(scope="module")
def tally() -> Tally:
    return together(evaluate(Recogniser(), [read_set(table) for table in TABLES]))


def test_at_least_95_percent_of_the_labelled_plates_are_found_at_iou_one_half(tally: Tally) -> None:
    assert tally.boxes >= 200
    assert 100 * tally.found / tally.boxes >= 95


def test_at_least_88_percent_are_read_right_with_o_as_0_and_i_as_1(tally: Tally) -> None:
    assert tally.plates >= 200
    assert 100 * tally.folded / tally.plates >= 88


def test_at_most_one_false_plate_is_reported_in_ten_pictures(tally: Tally) -> None:
    assert tally.false_plates / tally.scenes <= 0.1
