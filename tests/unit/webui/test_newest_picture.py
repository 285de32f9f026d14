"""The live picture: shrunk band by band, it looks as if it had been shrunk as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from board.types import Frame
from engine.ring import RingReader, RingWriter
from tests.samples import NOW
from webui.live.newest_picture import SMALL_WIDTHS_PX, Picture, _shrunk


@pytest.mark.parametrize("size", [(1280, 960), (1279, 961), (1920, 1080), (640, 480), (53, 37)])
@pytest.mark.parametrize("wanted", [480, 960])
def test_a_picture_shrunk_in_bands_differs_nowhere_by_more_than_rounding(
    tmp_path: Path, size: tuple[int, int], wanted: int
) -> None:
    width, height = size
    rough = np.random.default_rng(3).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    whole = Image.fromarray(rough).resize(size)
    writer = RingWriter(tmp_path / "ring", width, height)
    writer.write(Frame(1, NOW, 1, np.asarray(whole), "x"))
    with RingReader(tmp_path / "ring").open() as shot:
        assert shot is not None
        image = _shrunk(shot, wanted)
    if width > wanted:
        whole = whole.resize((wanted, round(height * wanted / width)), Image.Resampling.BILINEAR, reducing_gap=2.0)
    assert image.size == whole.size
    assert int(np.abs(np.asarray(image, np.int16) - np.asarray(whole, np.int16)).max()) <= 1


def test_a_small_board_sends_one_width_whatever_is_asked_for(tmp_path: Path) -> None:
    writer = RingWriter(tmp_path / "ring", 960, 720)
    writer.write(Frame(1, NOW, 1, np.zeros((720, 960, 3), np.uint8)))
    usual, small = Picture(tmp_path / "ring"), Picture(tmp_path / "ring", SMALL_WIDTHS_PX)
    asked = (100, 600, 640, 900, 5000)
    assert [getattr(usual.newest(width), "width", None) for width in asked] == [480, 640, 640, 960, 960]
    pictures = [small.newest(width) for width in asked]
    assert [getattr(picture, "width", None) for picture in pictures] == [640] * 5
    assert len({id(picture) for picture in pictures}) == 1  # encoded once
    usual.close()
    small.close()
    writer.close()
