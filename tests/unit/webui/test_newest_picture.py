"""The live picture: encoded once in each width."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from board.types import Frame
from engine.ring import RingWriter
from tests.samples import NOW
from webui.live.newest_picture import SMALL_WIDTHS_PX, Picture


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
