"""Picture files of every common kind, and broken ones."""

from __future__ import annotations

import errno
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from board.kit.errors import ImageError
from board.pictures import load_rgb, pictures_in


def saved(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "RGBA", "LA", "CMYK", "YCbCr", "I;16", "I"])
def test_every_mode_becomes_rgb_of_about_the_same_brightness(tmp_path: Path, mode: str) -> None:
    if mode.startswith("I"):
        image = Image.fromarray(np.full((20, 30), 200 * 256, np.uint16))
        image = image.convert("I") if mode == "I" else image
    else:
        image = Image.new("RGB", (30, 20), (200, 200, 200)).convert(mode)
    suffix = ".tif" if mode in ("CMYK", "YCbCr", "I") else ".png"
    rgb = load_rgb(saved(image, tmp_path / f"picture{suffix}"))
    assert rgb.shape == (20, 30, 3) and rgb.dtype == np.uint8
    assert abs(int(rgb.mean()) - 200) < 60


def test_the_exif_rotation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGB", (40, 20))
    assert load_rgb(saved(image, tmp_path / "turned.jpg", exif=exif)).shape == (40, 20, 3)


def bomb(width: int, height: int) -> io.BytesIO:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))


@pytest.mark.parametrize("side", [9_000, 12_000, 60_000])
def test_a_huge_picture_is_refused_before_it_is_unpacked(side: int) -> None:
    with pytest.raises(ImageError, match="too large"):
        load_rgb(bomb(side, side))


def test_a_tiny_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="too small: 3x3"):
        load_rgb(saved(Image.new("RGB", (3, 3)), tmp_path / "tiny.png"))


def test_a_missing_file_and_a_file_that_is_no_picture_are_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"nothing\.jpg: no such file"):
        load_rgb(tmp_path / "nothing.jpg")
    (tmp_path / "text.jpg").write_text("this is not a picture")
    with pytest.raises(ImageError, match=r"text\.jpg: not a readable picture"):
        load_rgb(tmp_path / "text.jpg")


def test_every_way_of_cutting_a_picture_short_is_an_image_error_or_a_picture(tmp_path: Path) -> None:
    for suffix in ("jpg", "png", "gif", "tif", "webp", "bmp"):
        whole = saved(Image.effect_noise((40, 30), 50).convert("RGB"), tmp_path / f"whole.{suffix}").read_bytes()
        for length in range(0, len(whole), max(1, len(whole) // 23)):
            try:
                assert load_rgb(io.BytesIO(whole[:length])).shape == (30, 40, 3)
            except ImageError as why:
                assert str(why)


def test_a_folder_stands_for_its_pictures_by_name(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", "labels.csv"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.jpg").mkdir()
    assert [file.name for file in pictures_in(tmp_path)] == ["a.jpg", "b.PNG"]
    assert pictures_in(tmp_path / "a.jpg") == [tmp_path / "a.jpg"]


def test_a_folder_that_cannot_be_listed_is_an_image_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "iterdir", _refused)
    with pytest.raises(ImageError, match="cannot be listed: Permission denied"):
        pictures_in(tmp_path)


def test_a_picture_that_cannot_be_looked_at_is_left_for_reading_to_say_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    monkeypatch.setattr(Path, "is_file", _refused)
    assert pictures_in(tmp_path) == [tmp_path / "a.jpg"]
    monkeypatch.setattr(Path, "is_dir", _refused)
    assert pictures_in(tmp_path / "a.jpg") == [tmp_path / "a.jpg"]


def _refused(path: Path) -> None:
    raise PermissionError(errno.EACCES, "Permission denied", str(path))
