"""Virtual board, the parts that need no guest: what is missing is said and skipped, wires are plugged where gpio-sim keeps them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from board.kit.errors import BoardError
from board.profiles import all_profiles
from hil_tests import virtual_wires
from hil_tests.bench import Bench, Order, open_bench
from hil_tests.wiring import wires
from scripts.virtual import __main__ as virtual

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
    monkeypatch.setattr(virtual, "OWN", "amd64")
    assert virtual.missing("amd64", lambda program: True) == ""
    assert virtual.missing("amd64", lambda program: program != "qemu-system-x86_64") == (
        "qemu-system-x86_64 missing here: apt-get install qemu-system-x86"
    )
    assert "apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross" in virtual.missing(
        "arm64", lambda program: program != "aarch64-linux-gnu-gcc"
    )
    monkeypatch.setattr(virtual, "OWN", "arm64")
    assert virtual.missing("amd64", lambda program: True) == "a guest of amd64 is not built on arm64"


def test_what_cannot_run_is_skipped_and_never_counted_as_passed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(virtual, "missing", lambda arch: "no QEMU")
    assert virtual.main(["--board", "virtual", "--arch", "amd64"]) == 0
    assert capsys.readouterr().out == "skipped: the virtual board did not run, nothing was tested: no QEMU\n"


def test_a_build_that_lacks_something_says_what_and_leaves_no_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(words: list[str], check: bool) -> subprocess.CompletedProcess[bytes]:
        (Path(words[1]) / "not-built").write_text("is there a network?\n")
        return subprocess.CompletedProcess(words, virtual.CANNOT)

    monkeypatch.setattr(virtual.subprocess, "run", build)
    assert virtual._build(tmp_path / "amd64", "amd64") == "is there a network?"
    assert not (tmp_path / "amd64" / "built").exists()


def test_only_passed_contract_tests_are_counted(tmp_path: Path) -> None:
    report = tmp_path / "contract.xml"
    assert virtual._contract(report) == 0
    report.write_text(
        "<testsuites><testsuite><testcase/><testcase><skipped/></testcase><testcase><failure/></testcase></testsuite></testsuites>"
    )
    assert virtual._contract(report) == 1


@pytest.mark.parametrize("script", ["build.sh", "guest.sh"])
def test_the_scripts_parse(script: str) -> None:
    assert subprocess.run(["bash", "-n", str(ROOT / "scripts" / "virtual" / script)], check=False).returncode == 0
