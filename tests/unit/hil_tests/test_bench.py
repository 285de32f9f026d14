"""Bench: lines that a library would keep are let go, makers are named, and figures are what they say."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from board.gpio.sim import plug_wire
from board.i2c import _twins
from board.types import WiegandLine
from hil_tests import test_gate, test_i2c, test_outputs, test_wiegand
from hil_tests.bench import Bench, Order, next_edges, open_bench, percentiles
from tests.unit.board.wiegand.fake_lgpio import FakeLgpio


class RpiStandIn(ModuleType):
    """What RPi.GPIO's interface needs to be opened; `calls` are the calls that took or freed lines."""

    BCM = 11

    def __init__(self) -> None:
        super().__init__("RPi.GPIO")
        self.calls: list[str] = []

    def setwarnings(self, on: bool) -> None:
        self.calls.append("setwarnings")

    def setmode(self, mode: int) -> None:
        self.calls.append("setmode")

    def cleanup(self) -> None:
        self.calls.append("cleanup")


def test_after_the_bench_looked_at_a_pi_s_chip_its_lines_are_free_for_the_pins_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, library = ModuleType("RPi"), RpiStandIn()
    package.GPIO = library  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "RPi", package)
    monkeypatch.setitem(sys.modules, "RPi.GPIO", library)
    bench = open_bench(Order("pi4", str(tmp_path)))
    with bench.chip():
        assert library.calls[-1] == "setmode"
    assert library.calls[-1] == "cleanup"


def test_an_installer_s_own_lines_are_part_of_the_board(tmp_path: Path) -> None:
    (tmp_path / "lines.json").write_text(json.dumps({"outputs": [{"name": "DO3", "pin": 3}]}))
    bench = open_bench(Order("sim", str(tmp_path)))
    assert [line.name for line in bench.profile.outputs] == ["DO1", "DO2", "DO3"]


def test_the_bench_says_which_maker_stands_in_for_the_one_that_the_profile_names(tmp_path: Path) -> None:
    bench = open_bench(Order("sim", str(tmp_path)))
    port = bench.profile.wiegand[0]
    with bench.chip() as gpio, bench.maker(port, gpio) as (_, made_by):
        assert (made_by, gpio.read(port.d0), gpio.read(port.d1)) == ("busy:", True, True)
    with bench.chip() as gpio, bench.maker(dataclasses.replace(port, maker="lgpio:"), gpio) as (_, made_by):
        assert (made_by, gpio.read(port.d0), gpio.read(port.d1)) == ("busy:", True, True)


def test_after_the_bench_used_a_maker_that_claims_the_wires_they_are_free_for_the_pins_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = FakeLgpio()
    monkeypatch.setitem(sys.modules, "lgpio", library)
    monkeypatch.setattr("board.gpio._chips.find_chip", lambda labels: Path("/dev/gpiochip4"))
    bench = open_bench(Order("sim", str(tmp_path)))
    port = WiegandLine("W1", 24, 25, maker="lgpio:?hear=5,6")
    with bench.chip() as gpio, bench.maker(port, gpio) as (_, made_by):
        assert made_by == port.maker
        assert library.log[-2:] == [("output", 24, 0), ("output", 25, 0)]
    assert {entry[1] for entry in library.log if entry[0] == "free"} == {5, 6, 24, 25}


def test_an_order_reaches_the_tests_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEWRIGHT_HIL", raising=False)
    assert Order.from_environment() is None
    monkeypatch.setenv("GATEWRIGHT_HIL", "")
    order = Order("sim", str(tmp_path), frames=7, wires={"DO1": "DI2"})
    order.to_environment()
    assert Order.from_environment() == order


def test_percentiles() -> None:
    assert percentiles([float(number) for number in range(1, 101)], 50, 99, 100) == (51.0, 100.0, 100.0)
    assert percentiles([3.0], 50, 100) == (3.0, 3.0)


def test_frames_are_not_listened_to_on_inputs_of_an_expander(tmp_path: Path) -> None:
    lines = {"i2c": ["sim://1/0x20?kind=pcf8574"], "inputs": [{"name": "DI2", "expander": 0, "pin": 2}]}
    (tmp_path / "lines.json").write_text(json.dumps(lines))
    bench = open_bench(Order("sim", str(tmp_path), frames=1))
    bench.stage = "wiegand"
    with pytest.raises(pytest.skip.Exception, match="DI2 of an expander cannot hear pulses of 80 µs"):
        test_wiegand.test_wiegand(bench)


def test_a_chip_that_a_driver_of_the_kernel_has_is_no_fault_and_one_that_is_silent_is(tmp_path: Path) -> None:
    urls = ["sim://1/0x68?kind=ds3231", "sim://1/0x48?kind=lm75"]
    (tmp_path / "lines.json").write_text(json.dumps({"i2c": urls}))
    bench = open_bench(Order("sim", str(tmp_path)))
    _twins.plug(bench.state, 1, 0x68, "ds3231")
    with _twins.chip_at(bench.state, 1, 0x68) as chip:
        chip.driver = "rtc-ds1307"
    with pytest.raises(pytest.fail.Exception, match="nothing answers at 0x48") as failed:
        test_i2c.test_i2c(bench)
    assert "0x68" not in str(failed.value)
    _twins.plug(bench.state, 1, 0x48, "lm75")
    test_i2c.test_i2c(bench)
    assert ("figure", "0x68 on I2C bus 1 is taken by the kernel's driver rtc-ds1307 (ds3231)") in bench.told


@pytest.mark.parametrize(
    ("test", "lost", "said"),
    [
        (test_outputs.test_pulses, "DO2", "DI2 saw 0 of 2 edges of DO2"),
        (test_outputs.test_patterns, "DO1", "DI1 saw 0 of 8 edges of DO1"),
        (test_outputs.test_hold_let_go, "DO1", "DI1 saw 0 of 1 edges of DO1"),
        (test_gate.test_pins_killed, "DO1", "DI1 saw 0 of 1 edges of DO1"),
        (test_wiegand.test_wiegand, "W1.D1", "nothing came from W1.D1 at DI2: is the wire in place"),
    ],
)
def test_a_wire_that_comes_off_after_it_was_checked_fails_the_test_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, test: Callable[[Bench], None], lost: str, said: str
) -> None:
    monkeypatch.setattr(
        "hil_tests.bench.next_edges", lambda channel, seen_at, of, count, _: next_edges(channel, seen_at, of, count, 1.0)
    )
    monkeypatch.setattr(test_wiegand, "ARRIVE_S", 0.1)
    bench = open_bench(Order("sim", str(tmp_path), frames=1))
    bench.state.sim.mkdir()
    bench.wire("wiegand" if test is test_wiegand.test_wiegand else "outputs")
    plug_wire(bench.state, lost, "")
    with pytest.raises(pytest.fail.Exception, match=re.escape(said)):
        test(bench)


def test_no_camera_is_started_over_gate_wires_that_are_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its gate was waited for three minutes, though the bench knew already."""
    monkeypatch.setattr(test_gate, "whole_camera", lambda *_: pytest.fail("it is started"))
    bench = open_bench(Order("sim", str(tmp_path), wires={"DO1": ""}))
    with pytest.raises(pytest.skip.Exception, match="the wires of stage gate are wrong"):
        next(inspect.unwrap(test_gate.camera)(bench))
