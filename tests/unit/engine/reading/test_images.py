"""Images: names, crop, full disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from board.kit.errors import StoreError
from engine.reading.images import ImageStore, crop_of
from tests.recorder import Recorder
from tests.unit.engine.reading.test_link import PASSAGE

RGB = np.zeros((96, 128, 3), np.uint8)
RGB[40:60, 50:90] = (200, 100, 50)
SEEN = replace(PASSAGE, box=(50, 40, 40, 20))


def test_both_pictures_lie_under_the_day_of_the_passage(tmp_path: Path) -> None:
    names = ImageStore(tmp_path, full=True, plate=True, quality_pct=90).save(SEEN, RGB)
    assert (names.full, names.plate) == ("2026/01/02/p1-full.jpg", "2026/01/02/p1-plate.jpg")
    with Image.open(tmp_path / names.full) as full, Image.open(tmp_path / names.plate) as plate:
        assert (full.size, plate.size) == ((128, 96), (46, 26))
        assert all(abs(seen - drawn) < 12 for seen, drawn in zip(plate.getpixel((23, 13)), (200, 100, 50), strict=True))  # type: ignore[arg-type]
    assert sorted(path.name for path in (tmp_path / "2026/01/02").iterdir()) == ["p1-full.jpg", "p1-plate.jpg"]


def test_what_the_settings_leave_out_is_not_stored_and_a_passage_without_plate_has_no_crop(tmp_path: Path) -> None:
    assert ImageStore(tmp_path, full=False, plate=True, quality_pct=70).save(SEEN, RGB).full == ""
    assert ImageStore(tmp_path, full=True, plate=False, quality_pct=70).save(SEEN, RGB).plate == ""
    assert ImageStore(tmp_path, full=True, plate=True, quality_pct=70).save(replace(PASSAGE, box=(0, 0, 0, 0)), RGB).plate == ""


def test_a_lower_quality_makes_smaller_files(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, RGB.shape, np.uint8)
    sizes = []
    for quality_pct in (20, 70, 95):
        name = ImageStore(tmp_path, full=True, plate=False, quality_pct=quality_pct).save(SEEN, noise).full
        sizes.append((tmp_path / name).stat().st_size)
    assert sizes[0] < sizes[1] < sizes[2]


def test_a_box_over_the_edge_is_cut_and_one_outside_has_no_crop() -> None:
    part = crop_of(RGB, (-10, -10, 30, 20))
    assert part is not None and part.shape == (13, 23, 3)
    assert crop_of(RGB, (500, 500, 30, 20)) is None


def test_a_full_disk_is_a_store_error_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(self: Image.Image, path: Path, *rest: object, **options: object) -> None:
        Path(path).write_bytes(b"half")
        if "full" in Path(path).name:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", no_room)
    with pytest.raises(StoreError, match=r"the pictures of BA123CD cannot be stored in .*No space left on device"):
        ImageStore(tmp_path, full=True, plate=True, quality_pct=70).save(SEEN, RGB)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "images").write_text("a file")
    with pytest.raises(StoreError, match="cannot be stored in"):
        ImageStore(tmp_path / "images", full=True, plate=True, quality_pct=70).save(SEEN, RGB)


def test_a_picture_gets_its_name_when_it_is_whole(tmp_path: Path, recorder: Recorder) -> None:
    day = tmp_path / "2026/01/02"
    seen: list[list[str]] = []

    def watch(kind: str, name: str) -> bool:
        seen.append(sorted(path.name for path in day.iterdir() if not path.name.startswith(".")))
        return False

    recorder.refuse = watch
    ImageStore(tmp_path, full=True, plate=True, quality_pct=70).save(SEEN, RGB)
    assert recorder.events == [("rename", "p1-plate.jpg"), ("rename", "p1-full.jpg")]
    assert seen == [[], ["p1-plate.jpg"]]
