"""Plan: which codec a board's streams have, and how large they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from board.profiles import all_profiles
from engine.video.plan import PI_ENCODER, Stream, size_of, streams


def pi(folder: Path, name: str) -> Path:
    (folder / "video10").mkdir(parents=True)
    (folder / "video11").mkdir()
    (folder / "video11" / "name").write_text(f"{name}\n")
    return folder


@pytest.mark.parametrize(
    ("board", "encoder", "main", "sub"),
    [
        ("pi4", PI_ENCODER, "H264 h264_v4l2m2m 1920x1080 at 10", "H264 h264_v4l2m2m 640x480 at 10"),
        ("zero2w", PI_ENCODER, "H264 h264_v4l2m2m 1920x1080 at 10", "H264 h264_v4l2m2m 640x480 at 10"),
        ("pi4", "USB camera", "JPEG  640x480 at 5", "JPEG  320x240 at 5"),
        ("zero2w", "USB camera", "JPEG  640x480 at 5", "JPEG  320x240 at 5"),
        ("pi5", "rp1-cfe", "H264 libx264 1280x960 at 10", "H264 libx264 640x480 at 10"),
        ("sim", "", "H264 libx264 1280x960 at 10", "H264 libx264 640x480 at 10"),
        ("sim_small", "", "JPEG  640x480 at 5", "JPEG  320x240 at 5"),
    ],
)
def test_hardware_goes_first_then_a_core_to_spare_then_jpeg(tmp_path: Path, board: str, encoder: str, main: str, sub: str) -> None:
    made = streams(all_profiles()[board], "", pi(tmp_path, encoder))
    assert [f"{each.codec} {each.encoder} {each.size[0]}x{each.size[1]} at {each.frames_per_s}" for each in made] == [main, sub]
    assert [each.name for each in made] == ["main", "sub"]


@pytest.mark.parametrize(
    ("board", "encoder", "main"),
    [
        ("pi5", "rp1-cfe", ((2560, 1920), 8000)),
        ("sim", "", ((2560, 1920), 8000)),
        ("pi4", PI_ENCODER, ((1920, 1080), 3000)),
        ("pi4", "USB camera", ((640, 480), 0)),
        ("sim_small", "", ((640, 480), 0)),
    ],
)
def test_larger_video_is_made_in_software_where_a_core_is_to_spare(
    tmp_path: Path, board: str, encoder: str, main: tuple[tuple[int, int], int]
) -> None:
    first, second = streams(all_profiles()[board], "2560x1920", pi(tmp_path, encoder))
    assert (first.size, first.kbit_per_s) == main
    assert second == streams(all_profiles()[board], "", tmp_path)[1]
    assert size_of(first, (1280, 960))[0] <= 1280  # never larger than the camera's


@pytest.mark.parametrize(
    ("camera", "size"),
    [
        ((1280, 960), (640, 480)),
        ((1920, 1080), (640, 352)),
        ((320, 240), (320, 240)),
        ((1080, 1920), (256, 480)),
        ((641, 481), (624, 480)),
        ((20, 9), (16, 16)),
    ],
)
def test_pictures_keep_their_proportions_within_the_stream(camera: tuple[int, int], size: tuple[int, int]) -> None:
    assert size_of(Stream("sub", "H264", "libx264", (640, 480), 10), camera) == size
