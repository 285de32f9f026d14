"""Texts that both readers agree on: which become labels, and of which plates."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from engine.cli.labels import held_out, picture_held_out
from engine.recognise.pipeline import Recogniser
from engine.types import PlateBox, PlateRead
from scripts.training.ocr import agreed

PLATE = PlateBox(((10, 10), (70, 10), (70, 30), (10, 30)), 0.9)
TEXT = next(text for text in (f"AB{number}" for number in range(100, 200)) if not held_out(text))
HELD_OUT = next(text for text in (f"AB{number}" for number in range(100, 200)) if held_out(text))


class Readers:
    """Two readers that give these texts at one margin after the other, and a detector that finds these plates."""

    def __init__(self, first: list[str], second: list[str], sure: float = 90.0, found: tuple[PlateBox, ...] = ()) -> None:
        self.readers = (first, second)
        self.sure, self.found = sure, found
        self.asked = [0, 0]

    def find(self, rgb: Any) -> list[PlateBox]:
        return list(self.found)

    def read_looks(self, looks: Any, plate: PlateBox) -> PlateRead:
        ((_, (number,)),) = looks
        texts = self.readers[number]
        text = texts[self.asked[number] % len(texts)]
        self.asked[number] += 1
        return PlateRead(text, (), self.sure, "", plate.box, 10.0)


@pytest.mark.parametrize(
    ("first", "second", "sure", "agreed_on"),
    [
        (["AB123"] * 5, ["AB123"] * 5, 90.0, "AB123"),
        (["AB123"] * 5, ["AB123", "AB123", "AB128", "AB128", "AB128"], 90.0, "AB123"),
        (["AB123"] * 5, ["AB123", "AB128", "AB128", "AB128", "AB128"], 90.0, ""),  # one reader alone
        (["AB123", "AB123", "A8123", "A8123", "A8123"], ["AB123"] * 4 + ["A8123"], 90.0, ""),  # too few looks
        (["AB123"] * 5, ["AB123"] * 5, 50.0, ""),
        (["TAXI"] * 5, ["TAXI"] * 5, 99.0, ""),
        (["A12"] * 5, ["A12"] * 5, 99.0, ""),
    ],
)
def test_a_text_is_agreed_on_from_most_sides_by_both(first: list[str], second: list[str], sure: float, agreed_on: str) -> None:
    rgb = np.zeros((60, 90, 3), np.uint8)
    assert agreed.agreed_on(cast("Recogniser", Readers(first, second, sure)), rgb, PLATE) == agreed_on


def test_plates_with_a_text_or_held_out_get_none_and_the_others_stand_in_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / agreed.SETS[0]
    folder.mkdir()
    names = [f"{number}.png" for number in range(40)]
    shown, hidden = (next(name for name in names if picture_held_out(folder.name, name) == out) for out in (False, True))
    for name in (shown, hidden):
        Image.fromarray(np.zeros((60, 90, 3), np.uint8)).save(folder / name)
    rows = [f"{shown},11,11,58,18,,", f"{shown},75,40,12,5,,", f"{shown},1,40,20,8,XY999,", f"{hidden},11,11,58,18,,"]
    (folder / "labels.csv").write_text("\n".join(["file,x,y,w,h,text,country", *rows]) + "\n")

    def written(text: str) -> list[agreed.Agreed]:
        monkeypatch.setattr(agreed, "Recogniser", lambda: Readers([text], [text], found=(PLATE,)))
        assert agreed.main(["--plates", str(tmp_path), "--out", str(tmp_path / "agreed.csv")]) == 0
        return agreed.read(tmp_path / "agreed.csv")

    # in the detector's box where there is one, else in the label's
    assert written(TEXT) == [
        agreed.Agreed(folder.name, shown, TEXT, (10, 10, 60, 20)),
        agreed.Agreed(folder.name, shown, TEXT, (75, 40, 12, 5)),
    ]
    assert written(HELD_OUT) == []
    assert agreed.read(tmp_path / "none.csv") == []
