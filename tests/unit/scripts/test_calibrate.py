"""The map from raw certainty to the share of right reads, and the views it is fitted on."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.recognise.calibration import Calibration
from scripts.training.ocr.calibrate import VIEWS, Pair, fit, report, uneven, write_card


def pairs(*told: tuple[float, int, int]) -> list[Pair]:
    """(raw certainty, right reads, wrong reads), each of another plate."""
    return [
        Pair(raw, number < right, f"{raw} {number}") for raw, right, wrong in told for number in range(right + wrong)
    ]  # fmt: skip


def test_each_bin_claims_less_than_it_showed_the_smaller_the_less() -> None:
    calibration = fit(pairs((0.2, 4, 4), (0.9, 8, 0)), bins=2)
    assert calibration == Calibration((0.0, 0.2, 0.9), (0.0, 0.5, 0.9))
    assert fit(pairs((0.9, 98, 0)), bins=1).right == (0.0, 0.99)


def test_bins_that_contradict_the_order_are_pooled() -> None:
    calibration = fit(pairs((0.2, 8, 2), (0.5, 2, 8), (0.9, 10, 0)), bins=3)
    assert calibration.raw == (0.0, 0.35, 0.9)
    assert calibration.right == pytest.approx((0.0, 0.5, 11 / 12), abs=1e-4)


def test_views_of_one_plate_count_as_one() -> None:
    views = [Pair(0.9, True, "one", 0.25) for _ in range(4)]
    assert fit(views, bins=1).right == pytest.approx((0.0, 2 / 3), abs=1e-4)


def test_equal_certainties_stay_in_one_bin() -> None:
    calibration = fit(pairs((0.5, 10, 10), (0.9, 4, 0)), bins=6)
    assert calibration.raw == (0.0, 0.5, 0.9)


def test_the_map_of_any_reads_is_one_that_the_engine_takes() -> None:
    rng = random.Random(5)
    for _ in range(20):
        some = [Pair(round(rng.random(), 2), rng.random() < 0.6, str(n), rng.choice((0.25, 1.0))) for n in range(200)]
        calibration = fit(some)
        assert all(a < b for a, b in pairwise(calibration.raw))
        assert all(a < b for a, b in pairwise(calibration.right))
        assert 0 <= calibration(1.0) < 1


def test_the_report_judges_each_half_of_the_plates_by_the_other() -> None:
    lines = report(pairs((0.2, 0, 200), (0.9, 200, 0)))
    assert lines[-1] == "confidence 95 or more: 50.0 % of reads, 100.0 % right"


def test_the_card_keeps_all_else(tmp_path: Path) -> None:
    card = tmp_path / "ocr.json"
    card.write_text(json.dumps({"kind": "ocr", "alphabet": ["", "A", "皖"], "calibration": {"raw": [0, 1], "right": [0, 1]}}))
    write_card(card, Calibration((0.0, 0.9), (0.0, 0.98)), {"reads": 7})
    assert json.loads(card.read_text()) == {
        "kind": "ocr",
        "alphabet": ["", "A", "皖"],
        "calibration": {"raw": [0.0, 0.9], "right": [0.0, 0.98], "reads": 7},
    }


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_keeps_the_size_and_is_the_same_for_the_same_dice(view) -> None:  # type: ignore[no-untyped-def]
    rgb = np.random.default_rng(1).integers(0, 256, (31, 90, 3), dtype=np.uint8)
    seen = view(rgb, random.Random(3))
    assert (seen.shape, seen.dtype) == (rgb.shape, np.uint8)
    assert (seen == view(rgb, random.Random(3))).all()


def test_an_uneven_crop_has_other_margins() -> None:
    rgb = np.zeros((100, 200, 3), np.uint8)
    shapes = {uneven(rgb, random.Random(seed)).shape for seed in range(6)}
    assert len(shapes) > 1
    assert all(94 <= height <= 116 and 188 <= width <= 232 for height, width, _ in shapes)
