"""Inputs: debouncing by a clock that the test turns."""

import dataclasses

import pytest

from board.kit.clock import TestClock
from board.kit.words import NOTHING
from board.pins.inputs import Inputs
from board.profiles import all_profiles
from board.types import InputEdge, InputLine, InputState, LineWarning

PROFILE = dataclasses.replace(all_profiles()["pi4"], inputs=(InputLine("DI1", 22, debounce_ms=20),))


class Chip:
    def __init__(self):
        self.level = True  # pulled up: not active

    def read(self, pin):
        return self.level


@pytest.fixture
def clock():
    return TestClock()


@pytest.fixture
def chip():
    return Chip()


@pytest.fixture
def edges():
    return []


@pytest.fixture
def inputs(chip, clock, edges):
    return Inputs(PROFILE, chip, clock, edges.append, {})


def move(inputs, chip, clock, level):
    chip.level = level
    inputs.raw_edge(22, level, clock.monotonic_ns())
    return clock.monotonic_ns()


def test_a_contact_to_ground_is_active_when_low(inputs, chip, clock, edges):
    assert inputs.states() == [InputState("DI1", False)]
    t_ns = move(inputs, chip, clock, False)
    clock.advance(0.020)
    inputs.settle_due()
    assert edges == [InputEdge("DI1", True, t_ns)]
    assert inputs.states() == [InputState("DI1", True)]


def test_nothing_is_reported_before_the_level_stood_still_for_20_ms(inputs, chip, clock, edges):
    t_ns = move(inputs, chip, clock, False)
    assert inputs.next_ns() == t_ns + 20_000_000
    clock.advance(0.019)
    inputs.settle_due()
    assert edges == []


def test_a_bouncing_contact_is_one_edge_with_the_time_of_its_last_bounce(inputs, chip, clock, edges):
    for level in (False, True, False, True, False):
        t_ns = move(inputs, chip, clock, level)
        clock.advance(0.005)
    clock.advance(0.015)
    inputs.settle_due()
    assert edges == [InputEdge("DI1", True, t_ns)]
    assert inputs.next_ns() is None


def test_a_spike_is_no_edge(inputs, chip, clock, edges):
    move(inputs, chip, clock, False)
    clock.advance(0.002)
    move(inputs, chip, clock, True)
    clock.advance(0.020)
    inputs.settle_due()
    assert edges == []


def test_a_lost_edge_is_found_by_reading_the_input(inputs, chip, clock, edges):
    chip.level = False
    inputs.resync()
    clock.advance(0.020)
    inputs.settle_due()
    assert [edge.active for edge in edges] == [True]


def test_a_level_that_changed_without_a_report_starts_anew(inputs, chip, clock, edges):
    move(inputs, chip, clock, False)
    chip.level = True
    clock.advance(0.020)
    inputs.settle_due()
    assert edges == []
    clock.advance(0.020)
    inputs.settle_due()
    assert (edges, inputs.next_ns()) == ([], None)


def press(inputs, chip, clock, level):
    move(inputs, chip, clock, level)
    clock.advance(0.020)
    inputs.settle_due()


STUCK = "DI1 has been active for more than 60 s: is its contact stuck, or a car on the loop?"


@pytest.fixture
def watched(chip, clock, edges):
    return Inputs(PROFILE, chip, clock, edges.append, {"DI1": 60})


def test_an_input_that_stays_active_is_reported_once_and_again_when_it_is_released(watched, chip, clock, edges):
    t_ns = clock.monotonic_ns()
    press(watched, chip, clock, False)
    assert watched.next_ns() == t_ns + 60_000_000_000
    clock.advance(59.979)
    watched.settle_due()
    assert [type(edge) for edge in edges] == [InputEdge]
    clock.advance(0.001)
    watched.settle_due()
    clock.advance(100)
    watched.settle_due()
    (warning,) = edges[1:]
    assert (warning.line, str(warning.text), warning.monotonic_ns) == ("DI1", STUCK, t_ns + 60_000_000_000)
    assert (watched.warnings(), watched.next_ns()) == ([warning], None)
    press(watched, chip, clock, True)
    assert [(type(edge), getattr(edge, "text", None)) for edge in edges[2:]] == [(InputEdge, None), (LineWarning, NOTHING)]
    assert watched.warnings() == []


def test_an_input_that_is_released_in_time_is_not_stuck(watched, chip, clock, edges):
    for level in (False, True, False):
        press(watched, chip, clock, level)
        clock.advance(50)
    watched.settle_due()
    assert [type(edge) for edge in edges] == [InputEdge] * 3


def test_an_input_that_is_active_from_the_start_is_stuck_after_its_time(chip, clock, edges):
    chip.level = False
    inputs = Inputs(PROFILE, chip, clock, edges.append, {"DI1": 60})
    clock.advance(60)
    inputs.settle_due()
    assert [str(edge.text) for edge in edges] == [STUCK]


def test_a_longer_stuck_time_takes_the_warning_back(watched, chip, clock, edges):
    press(watched, chip, clock, False)
    clock.advance(60)
    watched.settle_due()
    watched.set_stuck_after({"DI1": 600})
    assert edges[-1].text == NOTHING and watched.warnings() == []
    clock.advance(600)
    watched.settle_due()
    assert "more than 600 s" in str(edges[-1].text)
