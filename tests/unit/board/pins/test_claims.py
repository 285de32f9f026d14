"""Claims at the start of pins: which lines are taken through which hands, in which order, and what happens to a wire that one of
them cannot get."""

import dataclasses
import sys
from pathlib import Path

import pytest

from board.gpio._claims import Claims, taker
from board.kit.errors import PinBusy
from board.kit.state import State
from board.lines import rest_levels
from board.pins.__main__ import _sign_wires
from board.pins.claims import claim_lines
from board.profiles import all_profiles
from board.types import WiegandLine
from board.wiegand.makers.busy import BusyMaker
from tests.unit.board.wiegand.fake_lgpio import FakeLgpio

PI4 = all_profiles()["pi4"]
REST = rest_levels(PI4, {})
ON_LGPIO = dataclasses.replace(PI4, wiegand=(WiegandLine("W1", 24, 25, maker="lgpio:?hear=5,6"),))
OUTPUTS = [("output", 17, False, "pins"), ("output", 27, False, "pins")]
WIRES = [("output", 24, False, "pins"), ("output", 25, False, "pins")]
INPUTS = [("input", 22, "up", "pins"), ("input", 23, "up", "pins")]


class BackEnd:
    """The board's GPIO: `log` is what was claimed, in order; `busy`: {pin: how often it is still taken}."""

    def __init__(self):
        self.log = []
        self.busy = {}

    def claim_output(self, pin, level, owner):
        self._take(pin)
        self.log.append(("output", pin, level, owner))

    def claim_input(self, pin, pull, owner):
        self._take(pin)
        self.log.append(("input", pin, pull, owner))

    def _take(self, pin):
        if self.busy.get(pin, 0) > 0:
            self.busy[pin] -= 1
            raise PinBusy(f"GPIO {pin} is taken by safe")


@pytest.fixture
def gpio():
    return BackEnd()


@pytest.fixture
def library(gpio, monkeypatch):
    twin = FakeLgpio()
    twin.log = gpio.log
    monkeypatch.setitem(sys.modules, "lgpio", twin)
    monkeypatch.setattr("board.gpio._chips.find_chip", lambda labels: Path("/dev/gpiochip4"))
    monkeypatch.setattr("board.gpio._chips.consumer", twin.consumer)
    return twin


def test_outputs_and_wires_are_claimed_at_rest_before_any_input(gpio):
    makers = claim_lines(PI4, gpio, REST, 0)
    assert gpio.log == OUTPUTS + WIRES + INPUTS
    assert list(makers) == ["W1"] and isinstance(makers["W1"], BusyMaker)


def test_a_line_that_is_taken_for_a_moment_is_waited_for(gpio):
    gpio.busy = {27: 3, 22: 2}
    claim_lines(PI4, gpio, REST, 30)
    assert gpio.log == OUTPUTS + WIRES + INPUTS


def test_a_line_that_stays_taken_is_an_error_with_its_owner(gpio):
    gpio.busy = {24: 1_000_000}
    with pytest.raises(PinBusy, match="GPIO 24 is taken by safe"):
        claim_lines(PI4, gpio, REST, 0)


def test_wires_are_left_to_a_maker_that_claims_them_itself_before_any_input(gpio, library):
    claim_lines(ON_LGPIO, gpio, REST, 0)
    maker = [("alert", 5, library.SET_PULL_DOWN), ("alert", 6, library.SET_PULL_DOWN), ("output", 24, 0), ("output", 25, 0)]
    assert gpio.log == OUTPUTS + maker + INPUTS


def test_a_maker_waits_for_wires_that_the_safe_state_routine_holds(gpio, library):
    answers = iter(["safe", "safe", "safe"])

    class ForAMoment(dict):
        def __contains__(self, line):
            return line == 24 and next(answers, None) is not None

    library.taken = ForAMoment({24: "safe"})
    claim_lines(ON_LGPIO, gpio, REST, 30)
    assert gpio.log[:2] == OUTPUTS
    assert gpio.log[-4:] == [("output", 24, 0), ("output", 25, 0), *INPUTS]
    assert not [entry for entry in gpio.log if entry in WIRES]


@pytest.mark.parametrize("missing", ["library", "chip", "hearing input", "URL"])
def test_wires_of_a_maker_that_is_not_to_be_had_are_claimed_at_rest_before_any_input(gpio, library, missing, monkeypatch, caplog):
    profile = ON_LGPIO
    if missing == "library":
        monkeypatch.setitem(sys.modules, "lgpio", None)
    elif missing == "chip":
        library.chips.clear()
    elif missing == "hearing input":
        library.taken = {6: "spi0 CS0"}
    else:
        profile = dataclasses.replace(PI4, wiegand=(WiegandLine("W1", 24, 25, maker="lgpio:"),))
    makers = claim_lines(profile, gpio, REST, 0)
    assert [entry for entry in gpio.log if entry[0] not in ("alert", "free")] == OUTPUTS + WIRES + INPUTS
    assert isinstance(makers["W1"], BusyMaker)
    assert "W1 is made by busy-wait instead" in caplog.text


def test_a_wire_that_nobody_can_have_is_an_error_with_its_owner(gpio, library):
    library.taken = {25: "gate"}
    gpio.busy = {25: 1_000_000}
    with pytest.raises(PinBusy, match="GPIO 25 is taken by safe"):
        claim_lines(ON_LGPIO, gpio, REST, 0)


def test_wires_that_a_maker_claimed_are_signed_for_whoever_asks_who_has_them(tmp_path):
    state = State(tmp_path)
    _sign_wires(ON_LGPIO, state)
    claims = state.run / "claims"
    assert [taker(claims, pin).partition(" ")[0] for pin in (24, 25)] == ["pins", "pins"]
    with pytest.raises(PinBusy, match=r"GPIO 24 \(pin 24\) is taken by pins"):
        Claims(claims).take(24, "GPIO 24", "safe")


def test_wires_of_the_back_end_are_signed_by_it_alone(tmp_path):
    state = State(tmp_path)
    _sign_wires(PI4, state)
    assert not (state.run / "claims").exists()
    back_end = Claims(state.run / "claims")
    back_end.take(24, "GPIO 24", "pins")  # it stands in for the maker
    _sign_wires(ON_LGPIO, state)
    back_end.release()
    assert taker(state.run / "claims", 24) == ""
