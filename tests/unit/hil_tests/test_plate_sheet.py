"""Plate sheet: a page to print, A4 landscape, and the picture of it that is replayed."""

from __future__ import annotations

import re
from pathlib import Path

from hil_tests.plate_sheet import PLATES, scene, write_pdf


def test_the_page_is_a4_landscape(tmp_path: Path) -> None:
    write_pdf(tmp_path / "plates.pdf")
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", (tmp_path / "plates.pdf").read_bytes())
    assert box
    assert [round(float(side) * 25.4 / 72) for side in box.groups()] == [297, 210]


def test_the_two_plates_differ_at_every_place() -> None:
    first, second = PLATES
    assert len(first) == len(second)
    assert [a for a, b in zip(first, second, strict=True) if a == b and a != " "] == []


def test_the_replayed_picture_is_the_same_every_time() -> None:
    assert scene().shape == (960, 1280, 3)
    assert (scene() == scene()).all()
