"""Back ends against devices that the kernel itself plays: its software watchdog and its camera vivid; skipped where those are not
loaded. `./scripts/hil --board virtual` loads them in a guest: a watchdog is nothing to touch on a computer in use."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from board.camera import open_camera
from board.gpio._chips import find_chip
from board.kit.clock import Clock
from board.kit.errors import BoardError
from board.profiles import all_profiles
from firmware.watchdog import INFO, WDIOC_GETSUPPORT, WDIOC_GETTIMEOUT, KernelDevice, Watchdog

WATCHDOGS = Path("/sys/class/watchdog")
CAMERAS = Path("/sys/class/video4linux")


@pytest.fixture
def softdog() -> Path:
    """The software watchdog, in the virtual board's guest only: it resets the computer whose test died."""
    try:
        find_chip(all_profiles()["virtual"].chip_labels)
    except BoardError:
        pytest.skip("no computer to reset: run ./scripts/hil --board virtual")
    names = [path.parent.name for path in WATCHDOGS.glob("*/identity") if path.read_text().strip() == "Software Watchdog"]
    return Path("/dev") / names[0]


@pytest.fixture
def vivid() -> Iterator[str]:
    """URL of vivid's capture device."""
    found = sorted(path.parent.name for path in CAMERAS.glob("*/name") if path.read_text().strip().endswith("vid-cap"))
    if not found:
        pytest.skip("no vivid: modprobe vivid n_devs=1")
    yield f"v4l2:/dev/{found[0]}"


def test_the_kernels_watchdog_is_set_fed_and_stopped(softdog: Path) -> None:
    device = KernelDevice()
    watchdog = Watchdog(softdog, 45, lambda: "", Clock(), device)
    watchdog.turn()
    watchdog.turn()
    state = WATCHDOGS / softdog.name
    if (state / "state").exists():
        assert (state / "state").read_text().strip() == "active"
        assert (state / "timeout").read_text().strip() == "45"
    watchdog.close()
    if (state / "state").exists():
        assert (state / "state").read_text().strip() == "inactive"
    file = device.open(softdog)  # opening starts it: close it by its magic letter again
    try:
        assert INFO.unpack(device.ioctl(file, WDIOC_GETSUPPORT, bytes(INFO.size)))[2].startswith(b"Software Watchdog")
        assert struct.unpack("=i", device.ioctl(file, WDIOC_GETTIMEOUT, bytes(4))) == (45,)
    finally:
        device.write(file, b"V")
        device.close(file)


def test_the_kernels_camera_delivers_pictures_through_v4l2(vivid: str) -> None:
    camera = open_camera(vivid, (640, 480), Clock())
    try:
        frames = [camera.read(20) for _ in range(3)]
    finally:
        camera.close()
    assert [frame and frame.rgb.shape for frame in frames] == [(480, 640, 3)] * 3
    assert [frame.seq for frame in frames if frame] == [1, 2, 3]
    first = frames[0]
    assert first is not None
    assert first.rgb[40:100].std() > 10  # colour bars, not an empty picture
