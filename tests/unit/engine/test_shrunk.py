"""Shrunk band by band, a picture looks as if it had been shrunk as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from board.types import Frame
from engine.ring import RingReader, RingWriter
from engine.shrunk import shrunk
from tests.samples import NOW


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
        small = min(wanted, width), round(height * min(wanted, width) / width)
        image = shrunk(shot, small)
    if width > wanted:
        whole = whole.resize(small, Image.Resampling.BILINEAR, reducing_gap=2.0)
    assert image.size == whole.size
    assert int(np.abs(np.asarray(image, np.int16) - np.asarray(whole, np.int16)).max()) <= 1
