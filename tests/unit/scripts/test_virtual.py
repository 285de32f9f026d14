"""Virtual board, the parts that need no guest: what is missing is said and skipped, wires are plugged where gpio-sim keeps them."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from PIL import Image

from board.kit.errors import BoardError
from board.profiles import all_profiles
from hil_tests import virtual_wires
from hil_tests.bench import Bench, Order, open_bench
from hil_tests.plate_sheet import SCENE_PX
from hil_tests.wiring import wires
from scripts.virtual import __main__ as virtual
from scripts.virtual import machine, parts

ROOT = Path(__file__).resolve().parents[3]
PROFILE = all_profiles()["virtual"]


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as /sys/bus/gpio/devices, with the chip of the profile as gpiochip3."""
    monkeypatch.setattr(virtual_wires, "find_chip", lambda labels: Path("/dev/gpiochip3"))
    for pin in (17, 27, 24, 25):
        (tmp_path / "gpiochip3" / f"sim_gpio{pin}").mkdir(parents=True)
    return tmp_path


def plugged(devices: Path) -> dict[int, str]:
    return {pin: (devices / "gpiochip3" / f"sim_gpio{pin}" / "wire").read_text() for pin in (17, 27, 24, 25)}


def test_each_stage_has_its_own_wires_and_no_other(devices: Path) -> None:
    virtual_wires.plug(PROFILE, wires(PROFILE, "outputs"), devices)
    assert plugged(devices) == {17: "22", 27: "23", 24: "-1", 25: "-1"}
    virtual_wires.plug(PROFILE, wires(PROFILE, "wiegand"), devices)
    assert plugged(devices) == {17: "-1", 27: "-1", 24: "22", 25: "23"}
    virtual_wires.plug(PROFILE, wires(PROFILE, "gate"), devices)
    assert plugged(devices) == {17: "23", 27: "22", 24: "-1", 25: "-1"}


def test_outside_the_guest_no_wire_can_be_plugged(devices: Path) -> None:
    (devices / "gpiochip3" / "sim_gpio27").rmdir()
    with pytest.raises(BoardError, match=r"sim_gpio27/wire: no wire can be plugged there .*: not a guest of scripts/virtual?"):
        virtual_wires.plug(PROFILE, wires(PROFILE, "outputs"), devices)


def test_the_bench_of_an_emulated_computer_is_wide_in_time_and_that_of_a_board_is_not(tmp_path: Path) -> None:
    def bench(name: str) -> Bench:
        (tmp_path / name).mkdir()
        return open_bench(Order(name, str(tmp_path / name)))

    assert bench("virtual").slack_ms == 500
    assert bench("pi4").slack_ms == 15


def test_what_is_missing_is_named_with_the_package_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "OWN", "amd64")
    assert machine.missing("amd64", lambda program: True) == ""
    assert machine.missing("amd64", lambda program: program != "qemu-system-x86_64") == (
        "qemu-system-x86_64 missing here: apt-get install qemu-system-x86"
    )
    assert "apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross" in machine.missing(
        "arm64", lambda program: program != "aarch64-linux-gnu-gcc"
    )
    monkeypatch.setattr(machine, "OWN", "arm64")
    assert machine.missing("amd64", lambda program: True) == "a guest of amd64 is not built on arm64"


def test_what_cannot_run_is_skipped_and_never_counted_as_passed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(virtual, "missing", lambda arch: "no QEMU")
    assert virtual.main(["--board", "virtual", "--arch", "amd64"]) == 0
    assert capsys.readouterr().out == "skipped: the virtual board did not run, nothing was tested: no QEMU\n"


def test_a_build_that_lacks_something_says_what_and_leaves_no_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(words: list[str], check: bool) -> subprocess.CompletedProcess[bytes]:
        (Path(words[1]) / "not-built").write_text("is there a network?\n")
        return subprocess.CompletedProcess(words, machine.CANNOT)

    monkeypatch.setattr(virtual.subprocess, "run", build)
    assert machine.build(tmp_path / "amd64", "amd64") == "is there a network?"
    assert not (tmp_path / "amd64" / "built").exists()


def test_only_passed_contract_tests_of_a_driver_are_counted(tmp_path: Path) -> None:
    report = tmp_path / "contract.xml"
    assert virtual._contract(report) == 0
    passed = '<testcase/><testcase classname="tests.contract.test_groups"/>'
    others = "<testcase><skipped/></testcase><testcase><failure/></testcase>"
    report.write_text(f"<testsuites><testsuite>{passed}{others}</testsuite></testsuites>")
    assert virtual._contract(report) == 1


@pytest.mark.parametrize(
    ("only", "camera", "booted"),
    [
        ("", "", ["board", "camera"]),
        ("camera", "", ["camera"]),
        ("a", "", ["board", "camera"]),
        ("i2c", "", ["board"]),
        ("", "v4l2:/dev/video0", ["board"]),
        ("camera", "v4l2:/dev/video0", ["board"]),
    ],
)
def test_the_guest_with_a_camera_is_booted_for_the_camera_test_unless_the_board_has_a_camera(
    only: str, camera: str, booted: list[str]
) -> None:
    assert [guest.name for guest in virtual.guests(only, camera)] == booted


def test_a_whole_run_boots_both_guests_and_brings_both_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    booted: list[tuple[str, list[str], bool]] = []

    def boot(folder: Path, arch: str, out: Path, guest: virtual.Guest, others: list[str], contract: bool) -> int:
        booted.append((guest.name, others, contract))
        page = out / "report" / guest.report / "report.html"
        page.parent.mkdir(parents=True)
        page.write_text(guest.name)
        return int(guest is virtual.CAMERA)

    monkeypatch.setattr(virtual, "missing", lambda arch: "")
    monkeypatch.setattr(virtual, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(virtual, "OUT", tmp_path / "out")
    monkeypatch.setattr(virtual, "build", lambda folder, arch: folder.mkdir(parents=True) or "")
    monkeypatch.setattr(virtual, "_boot", boot)
    report = tmp_path / "report"
    assert virtual.main(["--board", "virtual", "--arch", "amd64", "--report", str(report), "--frames", "9"]) == 1
    words = ["--only=", "--camera=", "--frames=9", "--without", "gate"]
    assert booted == [("board", words, True), ("camera", words, True)]
    assert (report / "report.html").read_text() == "board"
    assert (report / "camera" / "report.html").read_text() == "camera"


@pytest.mark.parametrize(
    ("given", "left_out"),
    [
        (["--gate"], []),
        (["--only", "latency"], []),
        (["--without", "wiegand"], ["--without", "wiegand"]),
        ([], ["--without", "gate"]),
    ],
)
def test_the_whole_camera_at_the_gate_runs_when_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: list[str], left_out: list[str]
) -> None:
    told: list[list[str]] = []
    monkeypatch.setattr(virtual, "missing", lambda arch: "")
    monkeypatch.setattr(virtual, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(virtual, "OUT", tmp_path / "out")
    monkeypatch.setattr(virtual, "build", lambda folder, arch: "")
    monkeypatch.setattr(virtual, "_boot", lambda folder, arch, out, guest, others, contract: told.append(others) or 0)
    assert virtual.main(["--board", "virtual", "--arch", "amd64", *given]) == 0
    words = told[0]
    assert (words[words.index("--without") : words.index("--without") + 2] if "--without" in words else []) == left_out
    assert ("--gate has it run" in capsys.readouterr().out) == (given == [])


def test_the_guest_with_a_camera_runs_on_its_own_files_and_its_camera_sees_the_plate_sheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def play(command: list[str], **streams: object) -> subprocess.Popen[str]:
        commands.append(" ".join(command))
        return real([sys.executable, "-c", "print('1 of 2 passed tests ran through a real kernel driver')"], **streams)  # type: ignore[call-overload,no-any-return]

    commands: list[str] = []
    real = subprocess.Popen
    monkeypatch.setattr(virtual.subprocess, "Popen", play)
    (tmp_path / "kernel").write_text("6.12\n")
    assert virtual._boot(tmp_path, "amd64", tmp_path, virtual.CAMERA, ["--frames", "9"], contract=False) == 1  # it wrote no "rc"
    assert f"board.script={virtual.HERE / 'camera.sh'} board.repository={ROOT} board.python=/usr/bin/python3" in commands[0]
    assert f"id=files,path={tmp_path / 'camera-root'}," in commands[0]
    words = (tmp_path / "words").read_text().split("\0")
    assert words[words.index("--report") + 1] == "/run/out/report/camera"
    assert words[-7:] == ["--frames", "9", "--only", "camera", "--camera", "picamera2:0", ""]
    assert Image.open(tmp_path / "frames" / "sheet.jpg").size == SCENE_PX
    assert [path.name for path in (tmp_path / "frames").iterdir()] == ["sheet.jpg"]


@pytest.fixture
def shim(monkeypatch: pytest.MonkeyPatch) -> Any:
    """picamera2_shim, between stand-ins of the libraries: as loaded in the guest."""
    for name in ("libcamera", "picamera2", "picamera2.allocators", "picamera2.picamera2", "picamera2.request"):
        monkeypatch.setitem(sys.modules, name, MagicMock())
    monkeypatch.delitem(sys.modules, "scripts.virtual.picamera2_shim", raising=False)
    return importlib.import_module("scripts.virtual.picamera2_shim")


def plane(pixels: list[int], offset: int = 0) -> SimpleNamespace:
    """A plane of a frame in memory, `offset` bytes into its file."""
    file = os.memfd_create("plane")
    os.write(file, bytes(offset) + bytes(pixels))
    return SimpleNamespace(fd=file, offset=offset, length=len(pixels))


def delivered(name: str, pixels: str) -> Any:
    """A request that the played camera completed: 4 x 2 px, the left half red, the right half blue."""
    light, colour = plane([76, 76, 29, 29] * 2), plane([85, 255, 255, 107], offset=8)
    stream = object()
    return SimpleNamespace(
        picam2=SimpleNamespace(camera=SimpleNamespace(id="Virtual0")),
        config={name: {"size": (4, 2), "format": pixels}},
        stream_map={name: stream},
        request=SimpleNamespace(buffers={stream: SimpleNamespace(planes=[light, colour, plane([])])}),
    )


def test_the_shim_makes_r_g_b_and_planes_of_what_the_played_camera_delivers(shim: Any) -> None:
    rgb = shim._make_array(delivered("main", "BGR888"), "main")
    assert rgb.shape == (2, 4, 3)
    assert (abs(rgb.astype(int) - [[(254, 0, 0)] * 2 + [(0, 0, 254)] * 2] * 2) <= 1).all()
    small = shim._make_array(delivered("lores", "YUV420"), "lores")
    assert small.tolist() == [[76, 76, 29, 29], [76, 76, 29, 29], [85, 255, 255, 107]]


def test_the_shim_leaves_every_other_camera_to_picamera2(shim: Any) -> None:
    other = SimpleNamespace(camera=SimpleNamespace(id="platform/vimc.0 Sensor B"))
    assert shim._raw_modes(other) is shim.raw_modes.return_value
    assert shim._make_array(SimpleNamespace(picam2=other), "main") is shim.make_array.return_value
    stream = {"format": "BGR888"}
    shim._update(other, stream, "given")
    shim._configure(other, "configuration")
    assert stream == {"format": "BGR888"}
    shim.update.assert_called_once_with(other, stream, "given")
    shim.configure.assert_called_once_with(other, "configuration")
    assert not hasattr(other, "allocator")


@pytest.mark.parametrize("script", ["build.sh", "guest.sh", "camera.sh"])
def test_the_scripts_parse(script: str) -> None:
    assert subprocess.run(["bash", "-n", str(ROOT / "scripts" / "virtual" / script)], check=False).returncode == 0


def test_a_part_of_what_the_guest_runs_ends_with_its_childs_status_and_leaves_nothing_in_this_process() -> None:
    words = (
        "import sys; from scripts.virtual.parts import part; "
        "print(part(lambda: print('in the child') or 3), part(lambda: sys.exit(0)), part(lambda: 1 // 0))"
    )
    done = subprocess.run([sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("in the child\n3 0 1\n", 0), done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_a_clock_that_cannot_be_set_ends_the_guest_before_any_test(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[object] = []
    monkeypatch.setattr(parts, "part", lambda run: ran.append(run) or 2)
    assert (parts.main(), len(ran)) == (2, 1)


def test_contract_tests_that_fail_fail_the_guest_whose_bench_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "OUT", tmp_path)
    (tmp_path / "contract").touch()
    (tmp_path / "words").write_bytes(b"--board\0virtual\0")
    monkeypatch.setattr(parts, "board", lambda words: 0)
    monkeypatch.setattr(parts.pytest, "main", lambda words: 1)
    told: list[list[str]] = []
    monkeypatch.setattr(parts, "bench", lambda words: told.append(words) or 0)
    monkeypatch.setattr(parts, "part", lambda run: run())
    assert (parts.main(), told) == (1, [["--board", "virtual"]])
