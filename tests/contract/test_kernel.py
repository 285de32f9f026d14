"""Back ends against devices that the kernel itself plays: its software watchdog, its cameras vivid and vimc, its lines of gpio-sim;
skipped where those are not loaded. `./scripts/hil --board virtual` loads them in a guest: a watchdog is nothing to touch on a
computer in use, and lines there lead to somebody's gate."""

from __future__ import annotations

import dataclasses
import importlib.util
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from board.camera import open_camera
from board.gpio._chips import consumer, find_chip
from board.gpio.gpiod import GPIO as GPIOD
from board.kit.clock import Clock
from board.kit.errors import BoardError
from board.kit.state import State
from board.profiles import all_profiles
from board.types import Frame, WiegandCode, WiegandLine
from board.wiegand.codes import LAYOUTS, bit_text, encode_data
from board.wiegand.makers import open_maker
from board.wiegand.makers.lgpio import LgpioMaker
from board.wiegand.receive import Edge, receive
from firmware.processes.watchdog import INFO, WDIOC_GETSUPPORT, WDIOC_GETTIMEOUT, KernelDevice, Watchdog
from hil_tests.virtual_wires import DEVICES, NONE

PI4 = all_profiles()["pi4"]
HEAR = (5, 6)
WIDTH_US, PERIOD_US = 80, 20_000
"""The slowest frame: the kernel keeps 16 edges of a line for a computer that pauses."""
TRIES = 3
WATCHDOGS = Path("/sys/class/watchdog")
CAMERAS = Path("/sys/class/video4linux")
MEDIA = Path("/sys/bus/media/devices")
BARS = ((1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0))
"""vimc's test picture from left to right: is there red, green, blue?"""


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


@pytest.fixture
def looped_port() -> Iterator[WiegandLine]:
    """A Pi 4's Wiegand port on the guest's second chip, its wires carried to two lines that hear them; in the guest only."""
    try:
        find_chip(all_profiles()["virtual"].chip_labels)
    except BoardError:
        pytest.skip("no lines to drive: run ./scripts/hil --board virtual")
    if importlib.util.find_spec("lgpio") is None:
        pytest.skip("the lgpio library is not installed here")
    port = PI4.wiegand[0]
    for wire, heard in zip((port.d0, port.d1), HEAR, strict=True):
        attribute(wire, "wire").write_text(str(heard))
    yield dataclasses.replace(port, maker=f"lgpio:?hear={HEAR[0]},{HEAR[1]}")
    for wire in (port.d0, port.d1):
        attribute(wire, "wire").write_text(str(NONE))


def attribute(line: int, name: str) -> Path:
    """gpio-sim's file `name` of a line of the second chip: "value" is the level that it drives."""
    return DEVICES / find_chip(PI4.chip_labels).name / f"sim_gpio{line}" / name


def heard_bits(maker: LgpioMaker, port: WiegandLine) -> str:
    """The bits of the last frame, in their order. An emulated computer may pause within it: then a panel would see two frames."""
    names = {port.d0: f"{port.name}.D0", port.d1: f"{port.name}.D1"}
    edges = [Edge(round(change.at_us * 1000), names[change.pin], int(change.level)) for change in maker.heard]
    return "".join(bit_text(frame.code) for frame in receive(edges, port))


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


def first_of_three(url: str) -> Frame:
    """The first of three pictures of the size that was asked for, one after the other."""
    camera = open_camera(url, (640, 480), Clock())
    try:
        frames = [camera.read(60) for _ in range(3)]
    finally:
        camera.close()
    assert [frame and frame.rgb.shape for frame in frames] == [(480, 640, 3)] * 3
    assert [frame.seq for frame in frames if frame] == [1, 2, 3]
    assert frames[0] is not None
    return frames[0]


def test_the_kernels_camera_delivers_pictures_through_v4l2(vivid: str) -> None:
    first = first_of_three(vivid)
    assert first.rgb[40:100].std() > 10  # colour bars, not an empty picture


@pytest.mark.parametrize("active_high", [True, False])
def test_the_kernels_lines_carry_frames_of_lgpios_waves_bit_by_bit(
    looped_port: WiegandLine, active_high: bool, tmp_path: Path
) -> None:
    port = dataclasses.replace(looped_port, active_high=active_high)
    wires = (port.d0, port.d1)
    rest = [str(int(not active_high))] * 2
    back_end = GPIOD.open(PI4, State(tmp_path))  # busy-wait would claim the wires through it, were the maker not to be had
    maker = open_maker(port, back_end)
    try:
        assert isinstance(maker, LgpioMaker)
        assert [attribute(wire, "value").read_text().strip() for wire in wires] == rest
        assert [consumer(find_chip(PI4.chip_labels), line) for line in (*wires, *HEAR)] == ["lg"] * 4
        codes = [
            encode_data(LAYOUTS["w26"], 0xABCDEF),
            encode_data(LAYOUTS["w34"], 0x12345678),
            WiegandCode(64, 0xF00D_0123_89AB_CDE1),
        ]
        for code in codes:
            for _ in range(TRIES):
                maker.send(code, WIDTH_US, PERIOD_US, threading.Event())
                if len(maker.heard) == 2 * code.bits:
                    break  # with fewer, edges were lost: pins would send it again too
            assert heard_bits(maker, port) == bit_text(code)
            assert [attribute(wire, "value").read_text().strip() for wire in wires] == rest
    finally:
        maker.close()
        if isinstance(maker, LgpioMaker):
            maker.release()
        back_end.close()
    assert [consumer(find_chip(PI4.chip_labels), line) for line in (*wires, *HEAR)] == [""] * 4


def test_a_frame_is_bad_when_the_kernels_lines_carry_no_wire(looped_port: WiegandLine, tmp_path: Path) -> None:
    attribute(looped_port.d1, "wire").write_text(str(NONE))
    back_end = GPIOD.open(PI4, State(tmp_path))
    maker = open_maker(looped_port, back_end)
    try:
        assert isinstance(maker, LgpioMaker)
        assert not maker.send(WiegandCode(4, 0b0110), WIDTH_US, PERIOD_US, threading.Event()).ok
        assert {change.pin for change in maker.heard} == {looped_port.d0}
    finally:
        maker.close()
        if isinstance(maker, LgpioMaker):
            maker.release()
        back_end.close()


def test_a_wire_that_the_kernels_gpiod_gave_to_somebody_else_is_told_with_its_owner(
    looped_port: WiegandLine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    owner, back_end = GPIOD.open(PI4, State(tmp_path)), GPIOD.open(PI4, State(tmp_path))
    try:
        owner.claim_output(looped_port.d1, False, "gate")
        with pytest.raises(BoardError, match="is taken by gate"):
            open_maker(looped_port, back_end)
        assert f"W1: GPIO {looped_port.d1} is taken by gate; W1 is made by busy-wait instead" in caplog.text
        assert [consumer(find_chip(PI4.chip_labels), line) for line in HEAR] == ["", ""]
    finally:
        back_end.close()
        owner.close()


@pytest.fixture
def vimc() -> Iterator[str]:
    """URL of vimc's camera through libcamera."""
    if not any(path.read_text().strip() == "VIMC MDEV" for path in MEDIA.glob("*/model")):
        pytest.skip("no camera of the kernel's driver vimc: run ./scripts/hil --board virtual")
    if importlib.util.find_spec("picamera2") is None:
        pytest.skip("the picamera2 library is not installed here")
    from picamera2 import Picamera2

    ids = [camera["Id"] for camera in Picamera2.global_camera_info()]
    yield f"picamera2:{next(number for number, name in enumerate(ids) if 'vimc' in name)}"


def test_picamera2_delivers_pictures_of_the_driver_vimc(vimc: str) -> None:
    first = first_of_three(vimc)
    bars = first.rgb[240, 40::80]
    assert [tuple(int(value > 100) for value in bar) for bar in bars] == list(BARS)
