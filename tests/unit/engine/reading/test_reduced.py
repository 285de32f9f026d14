"""Reduced: what the camera is asked for and what is read of it, and how a picture is shrunk."""

from __future__ import annotations

import itertools
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from board.camera import open_camera
from board.kit.clock import Clock
from engine.reading.feed import Feed
from engine.reading.reduced import reduced, reduced_size, sizes
from engine.ring import RingReader
from engine.settings import LprSettings
from tests.unit.engine.reading.passages.reads import frame_at


@pytest.mark.parametrize(
    ("resolution", "video", "small_board", "found"),
    [
        ("1280x960", "", False, ((1280, 960), None)),
        ("1920x1440", "", False, ((1920, 1440), None)),
        ("1280x720", "", False, ((1280, 720), None)),
        ("1280x960", "1920x1440", False, ((1920, 1440), (1280, 960))),
        ("1280x960", "2560x1920", False, ((2560, 1920), (1280, 960))),
        ("1920x1440", "2560x1920", False, ((2560, 1920), (1920, 1440))),
        ("1920x1440", "1920x1440", False, ((1920, 1440), None)),
        ("1280x960", "2560x1920", True, ((1280, 960), None)),
    ],
)
def test_the_camera_is_asked_for_the_larger_of_both_and_a_small_board_for_what_is_read(
    resolution: str, video: str, small_board: bool, found: object
) -> None:
    assert sizes(LprSettings(resolution=resolution, video_size=video), small_board) == found


@pytest.mark.parametrize(
    ("size", "most", "found"),
    [
        ((2560, 1920), (1280, 960), (1280, 960)),
        ((2560, 1440), (1280, 960), (1280, 720)),
        ((1440, 2560), (1280, 960), (540, 960)),
        ((640, 480), (1280, 960), (640, 480)),
        ((2560, 1920), None, (2560, 1920)),
    ],
)
def test_a_picture_keeps_its_proportions(size: tuple[int, int], most: tuple[int, int] | None, found: tuple[int, int]) -> None:
    assert reduced_size(size, most) == found


def test_each_pixel_is_the_mean_of_those_it_stands_for_and_a_smaller_picture_stays_itself() -> None:
    rgb = np.zeros((4, 8, 3), np.uint8)
    rgb[:2, :2], rgb[2:, 4] = (200, 100, 50), 80
    grey = np.ones((2, 2), np.uint8)
    frame = replace(frame_at(0, "a.jpg"), rgb=rgb, small=grey)
    read = reduced(frame, (4, 2))
    assert read.rgb.tolist() == [
        [[200, 100, 50], [0, 0, 0], [0, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [0, 0, 0], [40, 40, 40], [0, 0, 0]],
    ]
    assert (read.seq, read.source, read.monotonic_ns) == (frame.seq, "a.jpg", frame.monotonic_ns)
    assert read.small is grey
    assert reduced(frame, (8, 4)) is frame
    assert reduced(frame, None) is frame


def test_video_of_another_shape_than_what_is_read_is_refused() -> None:
    (problem,) = LprSettings(resolution="1280x720", video_size="2560x1920").conflicts()
    assert (problem.field, str(problem.text)) == ("video_size", "the resolution for reading must be 4 to 3 as well, not 1280x720")
    assert LprSettings(resolution="1280x720").conflicts() == ()
    assert LprSettings(resolution="640x480", video_size="1920x1440").conflicts() == ()


@pytest.mark.parametrize(("resolution", "video"), [*itertools.product(("1280x960", "1920x1440"), ("", "2560x1920"))])
def test_a_photograph_is_read_in_either_resolution_and_shown_in_that_of_video(tmp_path: Path, resolution: str, video: str) -> None:
    """By a camera that delivers what it is asked for, as a Pi's does: the file has just that size."""
    asked, read = sizes(LprSettings(resolution=resolution, video_size=video), small_board=False)
    folder = tmp_path / "cars"
    folder.mkdir()
    Image.new("RGB", asked, (10, 20, 30)).save(folder / "car.jpg")
    ring = tmp_path / "frames.ring"
    feed = Feed(
        lambda: open_camera(f"replay:{folder}?fps=20", asked, Clock()), lambda frame: True, 1, ring, Clock(), lambda: None,
        read_size=read,
    )  # fmt: skip
    feed.start()
    frame = feed.next(20)
    feed.close(20)
    wanted = tuple(map(int, resolution.split("x")))
    assert frame is not None and (frame.rgb.shape[1], frame.rgb.shape[0]) == feed.size == wanted
    with closing(RingReader(ring)) as reader:
        shot = reader.shot()
    assert shot is not None and ((shot.width, shot.height), shot.size) == (asked, wanted)
