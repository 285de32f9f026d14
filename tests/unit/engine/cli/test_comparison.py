"""Two models side by side: plates won and lost, and whether that can be chance."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine.__main__ import main
from engine.cli.comparison import compared
from engine.cli.scoring import Place, Reading, Tally
from engine.recognise.pipeline import MODELS
from tests.unit.engine.cli.fake_reader import labelled, picture


def tally(name: str, reads: str, *, found: int = 0, boxes: int = 0) -> Tally:
    """Plates "AB1", each read right (r), folded right (f) or wrong (w)."""
    texts = {"r": "AB1", "f": "ABI", "w": "AB7"}
    readings = [Reading(Path(f"{n}.png"), "AB1", texts[kind], 90.0, "", "", 100, 20.0) for n, kind in enumerate(reads)]
    places = [Place(100, n < found) for n in range(boxes)]
    return Tally(name, scenes=1, false_plates=2, readings=readings, places=places)


def test_plates_won_and_lost_are_counted_set_by_set_and_together() -> None:
    ours = [tally("one", "rrfw", found=3, boxes=4), tally("two", "wr")]
    others = [tally("one", "rwww", found=1, boxes=4), tally("two", "rr")]
    one, two, both = compared(ours, others)
    assert (one["set"], one["plates"], one["folded_pct"], one["other_folded_pct"]) == ("one", 4, 75.0, 25.0)
    assert (one["won"], one["lost"], one["difference_pp"]) == (2, 0, 50.0)
    assert (one["recall_50_pct"], one["other_recall_50_pct"]) == (75.0, 25.0)
    assert (two["won"], two["lost"], two["difference_pp"]) == (0, 1, -50.0)
    assert (both["set"], both["won"], both["lost"], both["difference_pp"]) == ("together", 2, 1, 16.7)


def test_a_difference_says_how_far_it_may_be_off() -> None:
    # 30 of 100 won and 10 lost: 20 points, 1.96 * sqrt(40 - 20 * 20 / 100) = 11.8
    found = compared([tally("set", "r" * 90 + "w" * 10)], [tally("set", "w" * 30 + "r" * 70)])[0]
    assert (found["won"], found["lost"], found["difference_pp"], found["within_pp"]) == (30, 10, 20.0, 11.8)


def test_a_set_without_texts_has_no_difference() -> None:
    found = compared([tally("set", "", found=1, boxes=1)], [tally("set", "")])[0]
    assert (found["plates"], found["difference_pp"], found["within_pp"], found["other_recall_50_pct"]) == (0, None, None, None)


def test_evaluate_prints_both_models_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(MODELS, tmp_path / "models", ignore=shutil.ignore_patterns("*.png"))
    picture(tmp_path, "crop.png", 1)
    words = ["evaluate", str(labelled(tmp_path, "crop.png,,,,,AB123,DE")), "--against", str(tmp_path / "models")]
    assert main(words) == 0
    assert f"Against {tmp_path / 'models'}:" in capsys.readouterr().out
    assert main([*words, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["against"]
    assert [(row["set"], row["plates"], row["won"], row["lost"]) for row in rows] == [
        (tmp_path.name, 1, 0, 0),
        ("together", 1, 0, 0),
    ]
