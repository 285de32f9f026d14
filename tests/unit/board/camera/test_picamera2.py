"""Pi camera against a stand-in for the library that is as strict as it (pi_library.py)."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from board.camera import CameraSettings, open_camera
from board.kit.clock import TestClock
from board.kit.errors import CameraError
from board.ports import Camera
from tests.unit.board.camera.pi_library import Library

SIZE = (1280, 960)
QUARTERS_OFF: dict[str, Any] = {"cut_left_pct": 25, "cut_right_pct": 25, "cut_top_pct": 25, "cut_bottom_pct": 25}
BLACK = np.zeros((2, 2, 3), np.uint8)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    made = Library()
    for name, module in made.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    yield made
    assert made.owned == set(), "a camera was left open"


def opened(clock: TestClock | None = None, small: tuple[int, int] | None = None, **settings: Any) -> Camera:
    return open_camera("picamera2:", SIZE, clock or TestClock(), CameraSettings(**settings), small=small)


def told(library: Library) -> dict[str, Any]:
    """Every control that was set so far, its last value."""
    return {name: value for each in library.controls for name, value in each.items()}


def test_frames_are_asked_for_in_rgb_order_in_the_wanted_size_without_a_queue(library: Library) -> None:
    camera = opened()
    [asked] = library.configured
    assert (asked["main"], asked["lores"]) == ({"size": SIZE, "format": "BGR888"}, None)
    assert (asked["buffer_count"], asked["queue"], asked["transform"].flips) == (4, False, (False, False))
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    library.pictures.put(picture)
    frame = camera.read(0.5)
    assert frame is not None and frame.seq == 1 and frame.rgb is picture and frame.small is None
    camera.close()


def test_without_wishes_only_the_frame_rate_is_told(library: Library) -> None:
    camera = opened()
    assert told(library) == {"FrameDurationLimits": (66667, 66667)}
    assert (camera.notes, camera.preset) == ((), "day")
    camera.close()


def test_the_small_grey_picture_is_the_first_plane_of_the_second_stream_without_its_padding(library: Library) -> None:
    camera = opened(small=(384, 288))
    assert library.configured[-1]["lores"] == {"size": (384, 288), "format": "YUV420"}
    library.pictures.put(BLACK)
    frame = camera.read(0.5)
    assert frame is not None and frame.small is not None
    assert frame.small.shape == (288, 384) and frame.small.flags["C_CONTIGUOUS"]
    assert frame.small[:, 383].tolist() == np.arange(288, dtype=np.uint8).tolist()
    camera.close()


def test_a_camera_with_one_stream_only_delivers_without_the_small_picture(library: Library) -> None:
    library.has_lores = False
    camera = opened(small=(384, 288))
    library.pictures.put(BLACK)
    frame = camera.read(0.5)
    assert frame is not None and frame.small is None
    camera.close()


def test_day_and_infra_red_night_change_by_the_light_and_headlamps_do_not_make_a_day(library: Library) -> None:
    clock = TestClock()
    camera = opened(clock, night="light", night_below_lux=10, day_above_lux=40, night_shutter_us=500, night_gain=12)

    def pass_s(seconds: float, lux: float) -> str:
        clock.advance(seconds)
        library.pictures.put((BLACK, {"Lux": lux}))
        assert camera.read(0.1) is not None
        return camera.preset

    assert [pass_s(1, 300), pass_s(1, 8), pass_s(19, 8)] == ["day"] * 3
    assert pass_s(1, 8) == "night"
    night = {"ExposureTime": 500, "AnalogueGain": 12, "AwbEnable": False, "Saturation": 0.0, "ColourGains": (1.0, 1.0)}
    assert library.controls[-1] == night
    assert [pass_s(1, 900), pass_s(19, 900), pass_s(0.1, 20), pass_s(30, 30), pass_s(1, 900)] == ["night"] * 5
    assert pass_s(20, 900) == "day"
    assert library.controls[-1] == {"ExposureTime": 0, "AnalogueGain": 0, "AwbEnable": True, "Saturation": 1.0}
    camera.close()


def test_what_the_module_lacks_is_named_and_the_rest_is_set(library: Library) -> None:
    for name in ("AfMode", "LensPosition", "AeFlickerMode", "AeFlickerPeriod"):
        del library.known[name]
    camera = opened(focus="manual", lens_position=0.5, flicker="50 Hz", day_shutter_us=1000)
    assert tuple(map(str, camera.notes)) == (
        "Lamp flicker: this camera module has no such control (AeFlickerMode)",
        "Focus: this camera module has no such control (AfMode)",
        "Lens position: this camera module has no such control (LensPosition)",
    )
    assert told(library) == {"FrameDurationLimits": (66667, 66667), "ExposureTime": 1000}
    camera.close()


def test_what_is_beyond_the_modules_limits_is_told_with_what_holds(library: Library) -> None:
    camera = opened(night="always", night_gain=30, night_shutter_us=10, frame_rate=60)
    assert tuple(map(str, camera.notes)) == (
        "Frame rate (us a frame): 16667 is asked, this camera module goes from 17849 to 2.20417e+08: 17849 holds",
        "Shutter: 10 is asked, this camera module goes from 26 to 1.12015e+08: 26 holds",
        "Gain: 30 is asked, this camera module goes from 1.12 to 16: 16 holds",
    )
    assert (told(library)["ExposureTime"], told(library)["AnalogueGain"], camera.preset) == (26, 16.0, "night")
    camera.close()


def test_a_sensor_without_colour_is_not_told_to_miss_its_white_balance(library: Library) -> None:
    for name in ("AwbEnable", "ColourGains", "Saturation"):
        del library.known[name]
    camera = opened(night="always")
    assert camera.notes == ()
    assert told(library) == {"FrameDurationLimits": (66667, 66667), "ExposureTime": 1000, "AnalogueGain": 8}
    camera.close()


@pytest.mark.parametrize(
    ("settings", "controls"),
    [
        ({"flicker": "off"}, {"AeFlickerMode": 0}),
        ({"flicker": "50 Hz"}, {"AeFlickerMode": 1, "AeFlickerPeriod": 10000}),
        ({"flicker": "60 Hz"}, {"AeFlickerMode": 1, "AeFlickerPeriod": 8333}),
        ({"focus": "manual", "lens_position": 0.25}, {"AfMode": 0, "LensPosition": 0.25}),
        ({"focus": "manual", "lens_position": 0}, {"AfMode": 0, "LensPosition": 0}),
        ({"focus": "automatic"}, {"AfMode": 2}),
        ({"day_shutter_us": 2000, "day_gain": 4}, {"ExposureTime": 2000, "AnalogueGain": 4}),
        (
            {"night": "always", "night_gain": 0},
            {"ExposureTime": 1000, "AwbEnable": False, "Saturation": 0.0, "ColourGains": (1.0, 1.0)},
        ),
        (QUARTERS_OFF, {"ScalerCrop": (1440, 648, 1728, 1296)}),
        ({"cut_top_pct": 20}, {"ScalerCrop": (921, 518, 2765, 2074)}),
    ],
)  # fmt: skip
def test_each_wish_becomes_its_control(library: Library, settings: dict[str, Any], controls: dict[str, Any]) -> None:
    camera = opened(**settings)
    assert told(library) == {"FrameDurationLimits": (66667, 66667), **controls}
    assert camera.notes == ()
    camera.close()


def test_a_pi_5_is_told_the_cut_of_both_streams(library: Library) -> None:
    library.known["ScalerCrops"] = ((0, 0, 128, 128), (0, 0, 4608, 2592), (576, 0, 3456, 2592))
    camera = opened(small=(384, 288), **QUARTERS_OFF)
    assert told(library)["ScalerCrops"] == [(1440, 648, 1728, 1296)] * 2
    assert "ScalerCrop" not in told(library)
    camera.close()


@pytest.mark.parametrize(
    ("settings", "flips"),
    [({"rotate_180": True}, (True, True)), ({"hflip": True}, (True, False)), ({"rotate_180": True, "vflip": True}, (True, False))],
)
def test_the_camera_itself_turns_the_picture(library: Library, settings: dict[str, Any], flips: tuple[bool, bool]) -> None:
    camera = opened(**settings)
    assert library.configured[-1]["transform"].flips == flips
    camera.close()


def test_frames_that_the_sensor_made_in_between_are_counted_as_lost_and_each_has_its_own_time(library: Library) -> None:
    clock = TestClock()
    camera = opened(clock)
    before_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - 400_000_000
    for frame_ms in (0, 66, 133, 333):
        stamp_ns = before_ns + frame_ms * 1_000_000
        library.pictures.put((BLACK, {"SensorTimestamp": stamp_ns, "FrameDuration": 66667}))
    frames = [frame for frame in (camera.read(0.1) for _ in range(4)) if frame]
    assert [frame.lost for frame in frames] == [0, 0, 0, 2]
    assert all(frame.monotonic_ns < clock.monotonic_ns() for frame in frames)
    library.pictures.put((BLACK, {"SensorTimestamp": 5}))  # of another clock
    odd = camera.read(0.1)
    assert odd is not None and odd.monotonic_ns == clock.monotonic_ns() and odd.captured_at == clock.now()
    camera.close()


def test_a_capture_that_takes_longer_is_waited_for_in_the_next_read(library: Library) -> None:
    camera = opened()
    assert camera.read(0.1) is None
    library.pictures.put(BLACK)
    assert camera.read(0.1) is not None
    camera.close()


def test_a_camera_that_falls_silent_has_gone_and_closes_although_a_capture_waits(library: Library) -> None:
    clock = TestClock()
    camera = opened(clock)
    clock.advance(5.0)
    assert camera.read(0.1) is None  # the first frame may take its time
    library.pictures.put(BLACK)
    assert camera.read(0.1) is not None
    clock.advance(2.5)
    assert camera.read(0.1) is None
    clock.advance(0.1)
    with pytest.raises(CameraError, match="delivers no picture: check its cable"):
        camera.read(0.1)
    camera.close()
    again = opened(clock)
    library.pictures.put(BLACK)
    assert again.read(0.1) is not None
    again.close()


@pytest.mark.parametrize(
    ("url", "prepare", "problem"),
    [
        ("picamera2:1", lambda library: None, "camera 1 is not connected: libcamera sees 1 camera; check the ribbon cable"),
        ("picamera2:left", lambda library: None, "picamera2: must be followed by the camera's number"),
        ("picamera2:", lambda library: setattr(library, "cameras", 0), "camera 0 is not connected: libcamera sees 0"),
    ],
)
def test_what_is_wrong_is_said(library: Library, url: str, prepare: Callable[[Library], None], problem: str) -> None:
    prepare(library)
    with pytest.raises(CameraError, match=problem):
        open_camera(url, SIZE, TestClock())


def test_a_camera_in_use_and_a_size_it_cannot_do_are_camera_errors(library: Library) -> None:
    camera = opened()
    with pytest.raises(CameraError, match="another program may use it"):
        opened()
    camera.close()
    with pytest.raises(CameraError, match="does not start with 9000x9000"):
        open_camera("picamera2:", (9000, 9000), TestClock())


def test_a_camera_without_r_g_and_b_does_not_open_and_a_webcam_does(library: Library) -> None:
    library.adjusts_to = "NV12"
    with pytest.raises(CameraError, match="camera 0 does not start with 1280x960: it delivers NV12, not R, G and B"):
        opened()
    library.adjusts_to = "MJPEG"
    opened().close()


def test_a_failed_capture_is_a_camera_error(library: Library) -> None:
    camera = opened()
    library.pictures.put(RuntimeError("Camera frontend has timed out"))
    with pytest.raises(CameraError, match="Camera frontend has timed out"):
        camera.read(0.1)
    camera.close()


def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraError, match="install python3-picamera2"):
        open_camera("picamera2:", SIZE, TestClock())


def test_a_library_that_was_built_for_another_numpy_is_told_as_what_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As simplejpeg of bookworm's archive beside a newer numpy does."""
    why = "numpy.dtype size changed, may indicate binary incompatibility. Expected 96 from C header, got 88 from PyObject"
    (tmp_path / "picamera2.py").write_text(f"raise ValueError({why!r})\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    with pytest.raises(CameraError, match=r"picamera2 cannot be loaded \(numpy.dtype size changed.*install python3-picamera2"):
        open_camera("picamera2:", SIZE, TestClock())
