"""`engine evaluate-sequence`: views are the same for a seed, boxes stay with the plate, outcomes are counted exactly."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.__main__ import main
from engine.cli.approach import approach
from engine.cli.bench_read import PLATE, TEXT, drawn_frame
from engine.cli.evaluate_sequence import RIGHT, SequenceTally, evaluate_sequences, judge, replay
from engine.cli.labels import read_set
from engine.settings import LprSettings
from engine.types import Box, PlateBox, PlateRead
from tests.unit.engine.cli.fake_reader import labelled, picture, read_of

SETTINGS = LprSettings(votes=2, min_confidence_pct=80)


PLACE: Box = (40, 30, 320, 240)


class Script:
    """Reads what stands next in its script, at the label's place in a view of the whole growth (its box is given)."""

    def __init__(self, texts: list[str], confidence: float = 95.0) -> None:
        self._texts = iter(texts)
        self._confidence = confidence

    def find(self, rgb: NDArray[np.uint8]) -> list[PlateBox]:
        return []

    def read(self, rgb: NDArray[np.uint8]) -> list[PlateRead]:
        text = next(self._texts)
        return [read_of(text, self._confidence, box=PLACE)] if text else []

    def read_crop(self, rgb: NDArray[np.uint8]) -> PlateRead:
        return read_of("", 0.0)


def outcome(tmp_path: Path, texts: list[str], wanted: str = "AB12CD") -> SequenceTally:
    """A plate that all but fills the picture: its place is known in every view."""
    picture(tmp_path, "a.png", 90)
    table = labelled(tmp_path, f"a.png,{','.join(map(str, PLACE))},{wanted},SK")
    (tally,) = evaluate_sequences(Script(texts), [read_set(table)], len(texts), 1, SETTINGS)
    return tally


def test_the_views_of_a_seed_are_always_the_same_and_those_of_another_seed_are_not() -> None:
    photograph = drawn_frame()[::4, ::4]
    one, again, other = (list(approach(photograph, [(135, 150, 50, 11)], 4, seed, "a.jpg")) for seed in (1, 1, 2))
    assert all(np.array_equal(a.rgb, b.rgb) and a.boxes == b.boxes for a, b in zip(one, again, strict=True))
    assert not np.array_equal(one[0].rgb, other[0].rgb)
    assert not np.array_equal(one[0].rgb, next(approach(photograph, [], 4, 1, "b.jpg")).rgb)


def test_the_car_grows_to_its_size_in_the_photograph_and_then_stands() -> None:
    box: Box = (540, 600, 200, 44)
    views = list(approach(drawn_frame(), [box], 12, 7, "a.jpg"))
    widths = [view.boxes[0][2] for view in views]
    assert widths[0] == 120 and widths == sorted(widths)
    assert [view.boxes[0] for view in views[8:]] == [box] * 4
    assert {view.rgb.shape for view in views} == {(960, 1280, 3)}


def test_the_plate_lies_where_its_box_says() -> None:
    photograph = np.full((300, 400, 3), 30, np.uint8)
    photograph[200:220, 300:360] = 220
    for view in approach(photograph, [(300, 200, 60, 20)], 6, 3, "a.jpg"):
        x, y, w, h = view.boxes[0]
        inside, around = view.rgb[y + 3 : y + h - 3, x + 3 : x + w - 3], view.rgb[y - 8 : y - 4, x : x + w]
        assert inside.mean() > around.mean() + 80


def test_the_first_decision_is_that_of_the_vote_and_is_judged(tmp_path: Path) -> None:
    tally = outcome(tmp_path, ["AB12CO", "AB12C0", "AB12CD", "AB12CD", "AB12CD"])
    assert tally.wrong == [("a.png", "AB12CD", "AB12CO")]
    told = tally.as_json()
    assert (told["wrong_first_decisions"], told["decided_after_views"], told["plates"], told["approaches"]) == (1, 2.0, 1, 1)
    shares = {row["asked"]: (row["right_pct"], row["wrong_pct"], row["nothing_pct"]) for row in told["asked"]}  # type: ignore[attr-defined]
    assert shares == {
        "one view": (60.0, 40.0, 0.0),
        "vote after 1": (0.0, 100.0, 0.0),
        "vote after 2": (0.0, 100.0, 0.0),
        "vote after 3": (0.0, 0.0, 100.0),
        "vote after 5": (0.0, 0.0, 100.0),
        "first decision": (0.0, 100.0, 0.0),
    }


def test_a_label_that_is_known_to_be_wrong_is_judged_by_what_the_picture_shows_too(tmp_path: Path) -> None:
    picture(tmp_path, "a.png", 90)
    seen = replay(Script(["AB12CO"] * 3), tmp_path / "a.png", [PLACE], 3, 5, SETTINGS)
    tally = SequenceTally("x")
    judge("a.png", seen, 0, "AB12CD", SETTINGS, tally, "AB12C0")
    assert (tally.decided, tally.corrected) == (["wrong"], ["right"])
    asked = tally.as_json()["asked"]
    assert isinstance(asked, list) and asked[-1] == {
        "asked": "first decision, corrected", "right_pct": 100.0, "wrong_pct": 0.0, "nothing_pct": 0.0,
    }  # fmt: skip


def test_a_plate_that_is_never_read_is_nothing_and_not_wrong(tmp_path: Path) -> None:
    tally = outcome(tmp_path, ["", "", ""])
    assert (tally.decided, tally.decided_after, tally.wrong) == (["nothing"], [], [])


def test_look_alikes_are_right(tmp_path: Path) -> None:
    assert outcome(tmp_path, ["0B12C1", "OB12CI"], "OB12CI").decided == [RIGHT]


def test_crops_and_plates_without_text_give_no_sequence(tmp_path: Path) -> None:
    picture(tmp_path, "a.png", 90)
    table = labelled(tmp_path, "a.png,,,,,AB12CD,SK")
    (tally,) = evaluate_sequences(Script([]), [read_set(table)], 3, 1, SETTINGS)
    assert (tally.approaches, tally.decided) == (0, [])


def test_the_same_seed_gives_the_same_outcomes(tmp_path: Path) -> None:
    picture(tmp_path, "a.png", 90)
    texts = ["AB12CD", "AB12CO", "AB12CD"]
    twice = []
    for _ in range(2):
        seen = replay(Script(texts), tmp_path / "a.png", [(0, 0, 400, 300)], 3, 5, SETTINGS)
        tally = SequenceTally("x")
        judge("a.png", seen, 0, "AB12CD", SETTINGS, tally)
        twice.append((tally.views, tally.after, tally.decided, tally.decided_after))
    assert twice[0] == twice[1]


def test_the_command_prints_the_table_and_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(drawn_frame()).save(tmp_path / "frame.bmp")
    box = ",".join(str(side) for side in PLATE)
    table = labelled(tmp_path, f"frame.bmp,{box},{TEXT.replace(' ', '')},SK")
    assert main(["evaluate-sequence", "--views", "2", "--misses", str(table)]) == 0
    assert "first decision" in capfd.readouterr().out
    assert main(["evaluate-sequence", "--views", "2", "--json", "--misses", str(table)]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["together"]["plates"] == 1 and [row["asked"] for row in told["sets"][0]["asked"]] == [
        "one view",
        "vote after 1",
        "vote after 2",
        "first decision",
    ]
