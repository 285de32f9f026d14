"""Replay camera: pictures at their time, once each; damaged files skipped; EXIF and size."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from board.camera import open_camera
from board.camera.replay import _Stamps
from board.kit.clock import TestClock
from board.kit.errors import CameraError
from tests.unit.board.test_pictures import bomb


def shades(folder: Path, count: int = 3) -> Path:
    for number in range(count):
        Image.new("RGB", (32, 24), (number * 50,) * 3).save(folder / f"{number}.png")
    return folder


def test_each_picture_comes_once_in_the_order_of_its_name_at_two_per_second(tmp_path: Path) -> None:
    clock = TestClock()
    start_ns = clock.monotonic_ns()
    camera = open_camera(f"replay:{shades(tmp_path)}?loop=0", (0, 0), clock)
    frames = [camera.read(10) for _ in range(4)]
    got = [(frame.source, frame.seq, (frame.monotonic_ns - start_ns) / 1e6) for frame in frames if frame]
    assert got == [("0.png", 1, 0.0), ("1.png", 2, 500.0), ("2.png", 3, 1000.0)]
    assert frames[3] is None


def test_it_begins_anew_by_default_and_sees_new_files(tmp_path: Path) -> None:
    camera = open_camera(f"replay:{shades(tmp_path, 2)}?fps=10", (0, 0), TestClock())
    names = [frame.source for frame in (camera.read(1) for _ in range(3)) if frame]
    shades(tmp_path, 3)
    names += [frame.source for frame in (camera.read(1) for _ in range(4)) if frame]
    assert names == ["0.png", "1.png", "0.png", "1.png", "0.png", "1.png", "2.png"]


def test_a_read_returns_none_when_the_next_picture_is_not_due_yet(tmp_path: Path) -> None:
    clock = TestClock()
    camera = open_camera(f"replay:{shades(tmp_path)}?fps=1", (0, 0), clock)
    first, early, late = camera.read(0.4), camera.read(0.4), camera.read(0.7)
    assert first is not None and early is None
    assert late is not None and late.source == "1.png"


def test_a_late_reader_gets_no_burst(tmp_path: Path) -> None:
    clock = TestClock()
    camera = open_camera(f"replay:{shades(tmp_path)}?fps=2", (0, 0), clock)
    camera.read(1)
    clock.advance(5.0)
    assert camera.read(0) is not None
    assert camera.read(0.4) is None
    assert camera.read(0.2) is not None


def test_files_that_are_no_pictures_are_skipped_with_one_log_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shades(tmp_path, 1)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "labels.csv").write_text("file,text")
    with caplog.at_level(logging.WARNING, "camera"):
        camera = open_camera(f"replay:{tmp_path}?fps=10", (0, 0), TestClock())
        assert [frame.source for frame in (camera.read(1) for _ in range(3)) if frame] == ["0.png"] * 3
    skipped = sorted(str(record.args[0]) for record in caplog.records if isinstance(record.args, tuple))
    assert skipped == ["broken.jpg", "empty.png"]


def test_pictures_are_turned_as_their_exif_says_and_shrunk_to_1920(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side: turn by 90 degrees
    Image.new("RGB", (4000, 2000)).save(tmp_path / "a.jpg", exif=exif)
    frame = open_camera(f"replay:{tmp_path}", (0, 0), TestClock()).read(1)
    assert frame is not None and frame.rgb.shape == (1920, 960, 3)


def test_grey_and_palette_pictures_come_as_rgb(tmp_path: Path) -> None:
    Image.new("L", (8, 8), 77).save(tmp_path / "a.png")
    Image.new("P", (8, 8)).save(tmp_path / "b.png")
    camera = open_camera(f"replay:{tmp_path}", (0, 0), TestClock())
    first, second = camera.read(1), camera.read(1)
    assert first is not None and first.rgb[0, 0].tolist() == [77, 77, 77]
    assert second is not None and second.rgb.shape == (8, 8, 3)


def test_a_folder_without_a_readable_picture_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("no picture")
    with pytest.raises(CameraError, match=f"{tmp_path} holds no picture that can be read"):
        open_camera(f"replay:{tmp_path}", (0, 0), TestClock())


def test_a_missing_path_and_wrong_options_are_errors(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="neither a folder of pictures nor a video file"):
        open_camera(f"replay:{tmp_path}/gone?fps=2", (0, 0), TestClock())
    with pytest.raises(CameraError, match="neither a folder of pictures nor a video file"):
        open_camera("replay:~nobody-of-this-name/pictures", (0, 0), TestClock())
    with pytest.raises(CameraError, match=r"fps=0 must be 0\.05 to 60"):
        open_camera(f"replay:{tmp_path}?fps=0", (0, 0), TestClock())
    with pytest.raises(CameraError, match="fps='fast' is not a number"):
        open_camera(f"replay:{tmp_path}?fps=fast", (0, 0), TestClock())
    with pytest.raises(CameraError, match="'speed' is unknown; known are fps, loop"):
        open_camera(f"replay:{tmp_path}?fps=2&speed=3", (0, 0), TestClock())


def test_a_question_mark_in_the_path_belongs_to_the_path(tmp_path: Path) -> None:
    folder = tmp_path / "what?=a"
    folder.mkdir()
    assert open_camera(f"replay:{shades(folder)}?fps=5", (0, 0), TestClock()).read(1) is not None
    assert open_camera(f"replay:{folder}", (0, 0), TestClock()).read(1) is not None


def test_a_folder_whose_name_ends_like_options_is_taken_by_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "what? loop=0&fps=1"
    folder.mkdir()
    shades(folder)
    for url in (f"replay:{folder}", f"replay:{folder}?fps=5"):
        assert open_camera(url, (0, 0), TestClock()).read(1) is not None


def test_names_that_are_no_text_are_shown_and_told_apart(tmp_path: Path) -> None:
    """They go with their frames to other processes, as UTF-8."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff"))
    folder.mkdir()
    for number, name in enumerate((b"x\xfd.png", b"x\xfe.png")):
        Image.new("RGB", (32, 24), (number * 50,) * 3).save(folder / os.fsdecode(name), "PNG")
    camera = open_camera(f"replay:{folder}?loop=0", (0, 0), TestClock())
    frames = [camera.read(10) for _ in range(2)]
    assert [frame.source for frame in frames if frame] == ["x\\xfd.png", "x\\xfe.png"]


def test_a_folder_below_one_that_may_not_be_looked_into_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = Path.stat

    def refused(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.name == "locked":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return looked_at(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", refused)
    with pytest.raises(CameraError, match="locked: Permission denied"):
        open_camera(f"replay:{tmp_path}/locked", (0, 0), TestClock())


@pytest.fixture
def video(tmp_path: Path) -> Iterator[Path]:
    """25 frames, 25 per second, brighter with each frame."""
    file = tmp_path / "car.mp4"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(25):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), number * 10, np.uint8), format="rgb24")))
        container.mux(stream.encode())
    yield file


def test_a_video_plays_at_its_own_pace(video: Path) -> None:
    clock = TestClock()
    start_ns = clock.monotonic_ns()
    camera = open_camera(f"replay:{video}?loop=0", (0, 0), clock)
    times = [round((frame.monotonic_ns - start_ns) / 1e6) for frame in (camera.read(1) for _ in range(26)) if frame]
    assert times == [40 * number for number in range(25)]


def test_a_video_whose_name_is_no_text_plays(video: Path) -> None:
    named = video.rename(video.parent / os.fsdecode(b"car\xff.mp4"))
    frame = open_camera(f"replay:{named}", (0, 0), TestClock()).read(1)
    assert frame is not None and frame.source == "car\\xff.mp4"


def test_a_video_at_five_frames_per_second_leaves_four_of_five_out(video: Path) -> None:
    clock = TestClock()
    start_ns = clock.monotonic_ns()
    camera = open_camera(f"replay:{video}?fps=5", (0, 0), clock)
    frames = [frame for frame in (camera.read(1) for _ in range(7)) if frame]
    assert [round((frame.monotonic_ns - start_ns) / 1e6) for frame in frames] == [0, 200, 400, 600, 800, 1000, 1200]
    assert [round(float(frame.rgb.mean()) / 50) for frame in frames] == [0, 1, 2, 3, 4, 0, 1]
    assert {frame.source for frame in frames} == {"car.mp4"}


def test_a_file_that_is_no_video_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("hello")
    with pytest.raises(CameraError, match=r"a\.mp4 is not a video that can be played"):
        open_camera(f"replay:{tmp_path / 'a.mp4'}", (0, 0), TestClock())


@pytest.mark.parametrize("side", [7072, 13_300])
def test_a_picture_that_is_too_large_to_read_is_skipped_without_being_decoded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, side: int
) -> None:
    shades(tmp_path, 1)
    (tmp_path / "bomb.png").write_bytes(bomb(side, side).read())
    with caplog.at_level(logging.WARNING, "camera"):
        camera = open_camera(f"replay:{tmp_path}?fps=10", (0, 0), TestClock())
        assert [frame.source for frame in (camera.read(1) for _ in range(3)) if frame] == ["0.png"] * 3
    assert [f"{side}x{side}" in record.getMessage() for record in caplog.records if "skipped" in record.getMessage()] == [True]


def film(path: Path, form: str, frames: int = 50, rate: int = 25, codec: str = "libx264") -> Path:
    """Raw H.264 ("h264") and H.265 ("hevc") hold no time stamps, but name their rate."""
    with av.open(str(path), "w", format=form) as out:
        stream = out.add_stream(codec, rate=rate, options={f"{codec.removeprefix('lib')}-params": "log-level=0"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for number in range(frames):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((64, 64, 3), number, np.uint8), format="rgb24")))
        out.mux(stream.encode())
    return path


@pytest.mark.parametrize("form", ["mp4", "h264"])
def test_a_video_plays_at_its_own_pace_with_and_without_time_stamps(tmp_path: Path, form: str) -> None:
    clock = TestClock()
    start_ns = clock.monotonic_ns()
    camera = open_camera(f"replay:{film(tmp_path / f'a.{form}', form)}?loop=0", (0, 0), clock)
    times_ms = [round((frame.monotonic_ns - start_ns) / 1e6) for frame in (camera.read(1) for _ in range(50)) if frame]
    assert times_ms == list(range(0, 2000, 40))


@pytest.mark.parametrize(("form", "codec"), [("h264", "libx264"), ("hevc", "libx265"), ("mp4", "libx264")])
@pytest.mark.parametrize("rate", [10, 50])
def test_a_video_plays_at_the_rate_that_it_names_with_and_without_time_stamps(
    tmp_path: Path, form: str, codec: str, rate: int
) -> None:
    clock = TestClock()
    start_ns = clock.monotonic_ns()
    file = film(tmp_path / f"a.{form}", form, 20, rate, codec)
    camera = open_camera(f"replay:{file}?loop=0", (0, 0), clock)
    times_ms = [round((frame.monotonic_ns - start_ns) / 1e6) for frame in (camera.read(1) for _ in range(20)) if frame]
    assert times_ms == list(range(0, 20_000 // rate, 1000 // rate))


@pytest.mark.parametrize("form", ["mp4", "h264"])
def test_fewer_frames_a_second_are_taken_evenly_from_a_video_without_time_stamps(tmp_path: Path, form: str) -> None:
    clock = TestClock()
    start_ns = clock.monotonic_ns()
    camera = open_camera(f"replay:{film(tmp_path / f'a.{form}', form)}?loop=0&fps=5", (0, 0), clock)
    times_ms = [round((frame.monotonic_ns - start_ns) / 1e6) for frame in (camera.read(1) for _ in range(12)) if frame]
    assert times_ms == list(range(0, 2000, 200))


@pytest.mark.parametrize(
    ("stamps", "shown"),
    [
        pytest.param([None, None, None], [0, 40, 80], id="none at all"),
        pytest.param([5.0, 5.04, None, 5.12], [0, 40, 80, 120], id="one is missing"),
        pytest.param([0.0, 0.0, 0.0], [0, 40, 80], id="all the same"),
        pytest.param([9.0, 9.04, 0.0, 0.04], [0, 40, 80, 120], id="they begin anew"),
        pytest.param([0.0, 0.5, 0.54], [0, 500, 540], id="a pause of the film itself"),
    ],
)
def test_frames_with_missing_repeated_or_returning_stamps_go_on_step_by_step(stamps: list[float | None], shown: list[int]) -> None:
    found = _Stamps(0.04)
    assert [round(found.next(stamp) * 1000) for stamp in stamps] == shown
