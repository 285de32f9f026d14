"""V4L2 controls against a stand-in for the kernel's ioctls as strict as a UVC driver, and on vivid where that is loaded."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from board.camera import CameraSettings, open_camera
from board.camera._v4l2_controls import (
    CONTROL,
    EXPOSURE_ABSOLUTE,
    EXPOSURE_AUTO,
    FOCUS_ABSOLUTE,
    FOCUS_AUTO,
    GAIN,
    HFLIP,
    POWER_LINE_FREQUENCY,
    QUERY,
    VIDIOC_QUERYCTRL,
    VIDIOC_S_CTRL,
    WHITE_BALANCE_AUTO,
    V4l2Controls,
)
from board.kit.clock import Clock

UVC: dict[int, tuple[int, int, int]] = {
    WHITE_BALANCE_AUTO: (0, 1, 1),
    GAIN: (0, 255, 1),
    POWER_LINE_FREQUENCY: (0, 2, 1),
    EXPOSURE_AUTO: (0, 3, 1),
    EXPOSURE_ABSOLUTE: (3, 2047, 1),
    FOCUS_AUTO: (0, 1, 1),
    FOCUS_ABSOLUTE: (0, 250, 5),
}
"""What a common USB camera has: (lowest, highest, step)."""


class Driver:
    """Answers ioctls; `set` is what it took, in order."""

    def __init__(self) -> None:
        self.controls = dict(UVC)
        self.values = {EXPOSURE_AUTO: 3, FOCUS_AUTO: 1}
        self.set: list[tuple[int, int]] = []

    def ioctl(self, file: int, request: int, data: bytes) -> bytes:
        assert os.fstat(file), "closed"
        if request == VIDIOC_QUERYCTRL:
            assert len(data) == 68
            control = QUERY.unpack(data)[0]
            if control not in self.controls:
                raise OSError(errno.EINVAL, "Invalid argument")
            lowest, highest, step = self.controls[control]
            return QUERY.pack(control, 1, b"name", lowest, highest, step, lowest, 0)
        assert request == VIDIOC_S_CTRL and len(data) == 8
        control, value = CONTROL.unpack(data)
        lowest, highest, step = self.controls[control]
        if not lowest <= value <= highest or (value - lowest) % step:
            raise OSError(errno.ERANGE, "Numerical result out of range")
        if control == EXPOSURE_AUTO and value not in (1, 3):  # a UVC camera knows manual and aperture priority
            raise OSError(errno.EINVAL, "Invalid argument")
        if (control, self.values.get(EXPOSURE_AUTO)) == (EXPOSURE_ABSOLUTE, 3) or (
            control == FOCUS_ABSOLUTE and self.values[FOCUS_AUTO]
        ):
            raise OSError(errno.EIO, "Input/output error")  # the automatic holds it
        self.values[control] = value
        self.set.append((control, value))
        return data


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    made = Driver()
    monkeypatch.setattr("board.camera._v4l2_controls.fcntl.ioctl", made.ioctl)
    return made


@pytest.fixture
def controls(driver: Driver, tmp_path: Path) -> Iterator[V4l2Controls]:
    (tmp_path / "video0").touch()
    made = V4l2Controls(tmp_path / "video0")
    yield made
    made.close()


def test_ioctl_numbers_are_the_kernels() -> None:
    assert (VIDIOC_QUERYCTRL, VIDIOC_S_CTRL) == (0xC0445624, 0xC008561C)


@pytest.mark.parametrize(
    ("settings", "taken"),
    [
        ({}, []),
        ({"flicker": "60 Hz"}, [(POWER_LINE_FREQUENCY, 2)]),
        ({"focus": "manual", "lens_position": 33}, [(FOCUS_AUTO, 0), (FOCUS_ABSOLUTE, 30)]),
        ({"focus": "automatic"}, [(FOCUS_AUTO, 1)]),
    ],
)
def test_what_holds_all_day_is_set(controls: V4l2Controls, driver: Driver, settings: dict[str, Any], taken: list[Any]) -> None:
    assert controls.set_fixed(CameraSettings(**settings)) == (False, False)
    assert (driver.set, controls.notes) == (taken, ())


def test_manual_exposure_comes_before_its_time_and_day_gives_it_back(controls: V4l2Controls, driver: Driver) -> None:
    settings = CameraSettings(night="schedule", night_shutter_us=2500, night_gain=64)
    controls.set_exposure(settings, night=True)
    assert driver.set == [(EXPOSURE_AUTO, 1), (EXPOSURE_ABSOLUTE, 25), (GAIN, 64), (WHITE_BALANCE_AUTO, 0)]
    driver.set.clear()
    controls.set_exposure(settings, night=False)
    assert driver.set == [(EXPOSURE_AUTO, 3), (WHITE_BALANCE_AUTO, 1)]
    assert controls.notes == ()


def test_what_the_driver_lacks_or_cannot_reach_is_named(controls: V4l2Controls, driver: Driver) -> None:
    for control in (EXPOSURE_AUTO, EXPOSURE_ABSOLUTE, POWER_LINE_FREQUENCY, FOCUS_AUTO):
        del driver.controls[control]
    settings = CameraSettings(day_shutter_us=1000, day_gain=300, flicker="50 Hz", focus="automatic")
    controls.set_fixed(settings)
    controls.set_exposure(settings, night=False)
    assert tuple(map(str, controls.notes)) == (
        "Lamp flicker: this camera's driver has no such control (power_line_frequency)",
        "Focus: this camera's driver has no such control (focus_automatic_continuous)",
        "Shutter: this camera's driver has no such control (exposure_time_absolute)",
        "Gain: gain goes from 0 to 255, 300 is asked: 255 holds",
    )


def test_a_driver_that_mirrors_is_told_and_says_so(controls: V4l2Controls, driver: Driver) -> None:
    driver.controls[HFLIP] = (0, 1, 1)
    assert controls.set_fixed(CameraSettings(rotate_180=True)) == (True, False)
    assert driver.set == [(HFLIP, 1)]


def vivid() -> Path | None:
    names = Path("/sys/class/video4linux").glob("video*/name")
    capture = [name for name in names if "vivid" in name.read_text() and "cap" in name.read_text()]
    return Path("/dev") / capture[0].parent.name if capture else None


def test_a_real_driver_delivers_with_the_settings_it_has() -> None:
    device = vivid()
    if device is None:
        pytest.skip("no virtual video device: the kernel module vivid is not loaded (modprobe vivid)")
    camera = open_camera(f"v4l2:{device}", (640, 480), Clock(), CameraSettings(rotate_180=True, day_gain=100, frame_rate=25))
    frame = next(frame for frame in (camera.read(0.5) for _ in range(40)) if frame)
    assert frame.rgb.shape[2] == 3
    assert all(str(note).count(":") >= 1 for note in camera.notes)
    camera.close()
