"""Outputs: pulses, holds and their interplay, by a clock that the test turns."""

import pytest

from board.kit.clock import TestClock
from board.kit.errors import BoardError
from board.pins.outputs import Outputs
from board.profiles import all_profiles

PROFILE = all_profiles()["sim"]
DO1 = PROFILE.outputs[0].pin


class Chip:
    def __init__(self):
        self.levels = {}

    def write(self, pin, level, hurry=False):
        self.levels[pin] = level


@pytest.fixture
def clock():
    return TestClock()


@pytest.fixture
def chip():
    return Chip()


@pytest.fixture
def changes():
    return []


@pytest.fixture
def outputs(chip, clock, changes):
    return Outputs(PROFILE, chip, {"DO1": True, "DO2": True}, clock, lambda state: changes.append((state.output, state.active)))


def test_a_pulse_ends_at_its_time_and_not_before(outputs, clock, chip, changes):
    begin_ns, note = outputs.pulse("DO1", 500)
    assert (outputs.next_ns(), note) == (begin_ns + 500_000_000, "")
    clock.advance(0.499)
    outputs.end_due()
    assert chip.levels == {DO1: True}
    clock.advance(0.001)
    outputs.end_due()
    assert chip.levels == {DO1: False}
    assert outputs.next_ns() is None
    assert changes == [("DO1", True), ("DO1", False)]


def test_a_shorter_pulse_within_a_longer_one_changes_nothing(outputs, clock, changes):
    begin_ns, _ = outputs.pulse("DO1", 500)
    clock.advance(0.1)
    assert outputs.pulse("DO1", 100)[1] == "DO1 was active already"
    assert outputs.next_ns() == begin_ns + 500_000_000
    assert changes == [("DO1", True)]


def test_a_pulse_within_a_hold_leaves_the_hold(outputs, clock, chip):
    outputs.hold("DO1", 7, "h")
    outputs.pulse("DO1", 100)
    clock.advance(1)
    outputs.end_due()
    assert chip.levels == {DO1: True}
    assert outputs.client_gone(7) == ["h"]
    assert chip.levels == {DO1: False}


def test_a_hold_that_ends_within_a_pulse_leaves_the_pulse(outputs, clock, chip):
    outputs.pulse("DO1", 100)
    outputs.hold("DO1", 7, "h")
    outputs.client_gone(7)
    assert chip.levels == {DO1: True}
    clock.advance(0.1)
    outputs.end_due()
    assert chip.levels == {DO1: False}


def test_an_output_held_by_two_clients_stays_active_until_both_have_gone(outputs, chip):
    outputs.hold("DO1", 1, "a")
    outputs.hold("DO1", 2, "b")
    outputs.client_gone(1)
    assert chip.levels == {DO1: True}
    outputs.client_gone(2)
    assert chip.levels == {DO1: False}


def test_switching_off_ends_pulse_and_holds(outputs, chip):
    outputs.pulse("DO1", 100)
    outputs.hold("DO1", 1, "a")
    outputs.switch_off("DO1")
    assert chip.levels == {DO1: False}
    assert (outputs.next_ns(), outputs.client_gone(1)) == (None, [])


def test_an_active_output_stays_active_when_its_polarity_changes(outputs, clock, chip):
    outputs.pulse("DO1", 100)
    outputs.set_polarity("DO1", False)
    assert chip.levels == {DO1: False}
    clock.advance(0.1)
    outputs.end_due()
    assert chip.levels == {DO1: True}
    assert outputs.polarity() == {"DO1": False, "DO2": True}


def test_rest_tries_every_output_before_it_reports_one_that_fails(outputs, chip):
    outputs.pulse("DO1", 100)
    outputs.pulse("DO2", 100)
    written = []

    def write(pin, level, hurry=False):
        written.append((pin, level))
        raise BoardError(f"pin {pin} is stuck")

    chip.write = write
    with pytest.raises(BoardError, match="pin 1 is stuck"):
        outputs.rest()
    assert written == [(1, False), (2, False)]
