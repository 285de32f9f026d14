"""Whole camera on the bench: which level means pressed and open follows from the board's wiring."""

from __future__ import annotations

import pytest

from board.profiles import all_profiles
from board.types import InputEdge, OutputState
from hil_tests.whole_camera import WholeCamera, idle_inputs


class Told:
    """A channel that tells what it was given, then nothing; `sent` is what it was asked."""

    def __init__(self, *messages: object) -> None:
        self.messages = list(messages)
        self.sent: list[object] = []

    def receive(self, timeout_s: float) -> object | None:
        return self.messages.pop(0) if self.messages and timeout_s else None

    def send(self, message: object) -> None:
        self.sent.append(message)


def camera(board: str, *messages: object) -> WholeCamera:
    profile = all_profiles()[board]
    return WholeCamera(None, Told(*messages), None, profile, 60, idle_inputs(profile))  # type: ignore[arg-type]


def test_a_pi_s_inputs_are_active_while_its_outputs_rest() -> None:
    assert idle_inputs(all_profiles()["pi5"]) == {"DI1": True, "DI2": True}
    assert idle_inputs(all_profiles()["sim"]) == {"DI1": False, "DI2": False}


def test_a_press_is_answered_by_the_opening_edge_whatever_came_between() -> None:
    pressed, closing, opened = InputEdge("DI1", True, 10), InputEdge("DI2", False, 20), InputEdge("DI2", True, 30)
    assert camera("sim", pressed, closing, opened).press() == (pressed, opened)


def test_on_a_pi_the_falling_inactive_level_is_the_press() -> None:
    pressed, opened = InputEdge("DI1", False, 10), InputEdge("DI2", False, 30)
    assert camera("pi5", pressed, opened).press() == (pressed, opened)


def test_a_gate_that_is_still_open_is_waited_for_before_the_next_press() -> None:
    late = InputEdge("DI2", False, 5)
    bench = camera("sim", late, InputEdge("DI1", True, 10), InputEdge("DI2", True, 30))
    bench.gate_open = True
    found = bench.press()
    assert found is not None
    assert found[1].monotonic_ns == 30


def test_a_gate_that_stays_shut_is_put_down_to_the_wire_that_carried_nothing() -> None:
    pressed, opened = OutputState("DO2", True, 5), OutputState("DO1", True, 20)
    for told, wire in (
        ((pressed,), "DO2 moved, but DI1 saw"),
        ((pressed, InputEdge("DI1", True, 10), opened), "DO1 moved, but DI2 saw"),
    ):
        bench = camera("sim", *told)
        bench.opens_s = 0.01
        assert bench.press() is None
        assert wire in bench.why_shut()


def test_a_gate_that_no_input_sees_opening_is_not_said_to_be_at_rest_again() -> None:
    bench = camera("sim", OutputState("DO1", True, 5))
    bench.opens_s = 0.01
    with pytest.raises(pytest.fail.Exception, match="DO1 moved, but DI2 saw nothing of it"):
        bench.hold_open(60_000)
