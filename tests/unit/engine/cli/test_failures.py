"""Failures: untrusted texts become harmless names and escaped HTML; nothing is overwritten."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from board.kit.errors import ConfigError
from engine.cli.failures import Failures, file_part
from engine.cli.scoring import Reading
from tests.unit.engine.cli.fake_reader import plate_at

RGB = np.full((300, 400, 3), 90, np.uint8)


def failed(wanted: str, read: str, place: tuple[int, int, int, int] | None = None) -> Reading:
    return Reading(Path("set") / "<i>.png", wanted, read, 61.0, "SK", "CZ", 100, 20.0, place)


def test_a_wrong_scene_plate_is_shown_as_frame_part_and_as_the_ocr_saw_it(tmp_path: Path) -> None:
    failures = Failures(tmp_path / "new" / "folder")
    box = (100, 100, 80, 20)
    failures.take(failed("AB1", "AB1", box), RGB, plate_at(box))
    failures.take(failed("O1", "0I", box), RGB, plate_at(box))
    failures.take(failed("AB12", "AB13", box), RGB, plate_at(box))
    assert failures.close() == 1
    folder = tmp_path / "new" / "folder"
    assert sorted(file.name for file in folder.iterdir()) == [
        "00001_AB12_AB13_frame.png",
        "00001_AB12_AB13_ocr.png",
        "index.html",
    ]
    with Image.open(folder / "00001_AB12_AB13_frame.png") as frame, Image.open(folder / "00001_AB12_AB13_ocr.png") as ocr:
        assert (frame.size, ocr.size) == ((160, 100), (128, 64))


def test_texts_of_labels_and_reads_are_escaped_and_make_no_paths(tmp_path: Path) -> None:
    failures = Failures(tmp_path)
    failures.take(failed("../../<SCRIPT>", "A/B\n&"), RGB, None)
    failures.take(failed("٣٤جب", ""), RGB, None)
    assert failures.close() == 2
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names[:2] == ["00001_-------SCRIPT-_A-B--_frame.png", "00001_-------SCRIPT-_A-B--_ocr.png"]
    assert names[2] == "00002_----_nothing_frame.png"
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<SCRIPT>" not in page and "&lt;SCRIPT&gt;" in page and "set/&lt;i&gt;.png" in page
    assert '<bdo dir="ltr">٣٤جب</bdo>' in page
    assert "CZ (wanted SK)" in page and "61 %" in page


def test_a_label_can_be_corrected_beside_its_picture(tmp_path: Path) -> None:
    (tmp_path / "set" / "sub").mkdir(parents=True)
    (tmp_path / "set" / "labels.csv").touch()
    failures = Failures(tmp_path / "new")
    wrong = replace(failed('A"1', "B2"), picture=tmp_path / "set" / "sub" / "one.png", shown="B2")
    failures.take(wrong, RGB, None)
    failures.close()
    page = (tmp_path / "new" / "index.html").read_text(encoding="utf-8")
    field = re.search(r'<input size="12" data-label="([^"]*)" value="([^"]*)">', page)
    assert field is not None
    assert json.loads(unescape(field[1])) == ["set", "sub/one.png", 'A"1']
    assert field[2] == "B2"


def test_a_part_of_a_file_name_is_latin_and_short() -> None:
    assert (file_part("京A88731"), file_part("."), file_part("A" * 300), file_part("")) == ("-A88731", "-", "A" * 20, "nothing")


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(ConfigError, match="is not empty"):
        Failures(tmp_path)
    with pytest.raises(ConfigError, match=r"mine\.txt cannot be made"):
        Failures(tmp_path / "mine.txt")
    assert (tmp_path / "mine.txt").read_text() == "kept"
