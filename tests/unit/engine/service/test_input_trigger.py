"""Input trigger: an edge triggers once, a level again every trigger period for as long as it lasts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from board.devices import DeviceBook
from board.kit.clock import TestClock
from board.kit.errors import TriggerRefused
from board.kit.state import State
from board.kit.words import NOTHING, Text
from board.serial import SerialLines
from board.types import InputEdge
from engine.messages import LineState
from engine.service.inputs import Inputs
from engine.settings import GeneralSettings, LprSettings
from engine.types import Passage, Trigger
from tests.samples import passage


class Bench:
    """One input line, and the triggers that it fired, in s since the start."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.clock = TestClock()
        self.active = False
        self.problem = NOTHING
        self.away = self.takes = self.in_vain = False
        self.fired: list[float] = []
        state = State(folder)
        serial = SerialLines(state, DeviceBook(state, "service"))
        self.inputs = Inputs(
            self.clock, self, serial, self.fire, 1.0, lambda problem: None, "127.0.0.1", print, engine_away=lambda: self.away,
            in_vain=lambda: self.in_vain,
        )  # fmt: skip
        self.inputs.open(LprSettings(mode="TRIGGER", **settings), GeneralSettings(trigger_port=0))
        self.began_ns = self.clock.monotonic_ns()

    def lines(self) -> tuple[LineState, ...]:
        return (LineState("DI1", "input", self.active, None),)

    def fire(self, cause: str, wait_taken_s: float) -> Trigger:
        assert (cause, wait_taken_s) == ("input DI1", 0.0)
        self.fired.append((self.clock.monotonic_ns() - self.began_ns) / 1e9)
        if not self.takes:
            raise TriggerRefused("counted elsewhere")
        return Trigger(f"t{len(self.fired)}", cause, self.clock.now(), self.clock.monotonic_ns())

    def set(self, active: bool) -> None:
        self.active = active
        self.inputs.edge(InputEdge("DI1", active, self.clock.monotonic_ns()))

    def turn(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1)
            self.inputs.turn()


def test_an_edge_triggers_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, trigger_period_s=4)
    bench.set(True)
    bench.turn(20)
    bench.set(False)
    assert bench.fired == [0]


def test_a_level_triggers_every_period_until_it_is_over(tmp_path: Path) -> None:
    bench = Bench(tmp_path, trigger_period_s=4, trigger_repeat=True)
    bench.set(True)
    bench.turn(10)
    bench.set(False)
    bench.turn(10)
    assert bench.fired == [0, 4, 8]


def test_an_inactive_level_triggers_too_when_it_is_the_one_chosen(tmp_path: Path) -> None:
    bench = Bench(tmp_path, trigger_period_s=5, trigger_repeat=True, trigger_edge="inactive")
    bench.set(True)
    bench.turn(7)
    del bench.fired[:]
    bench.set(False)
    bench.turn(6)
    assert bench.fired == [7, 12]


@pytest.mark.parametrize("change", [{"trigger_io": False}, {"trigger_input": "DI2"}])
def test_another_input_or_none_does_not_trigger(tmp_path: Path, change: dict[str, Any]) -> None:
    bench = Bench(tmp_path, trigger_repeat=True, **change)
    bench.set(True)
    bench.turn(20)
    assert bench.fired == []


def test_nothing_is_triggered_by_a_level_that_nobody_sees(tmp_path: Path) -> None:
    bench = Bench(tmp_path, trigger_repeat=True)
    bench.active = True
    bench.problem = Text("pins process is gone")
    bench.turn(20)
    assert bench.fired == []


@pytest.mark.parametrize("repeat", [True, False])
def test_a_car_that_came_while_the_engine_was_away_is_read_once_it_is_back(tmp_path: Path, repeat: bool) -> None:
    bench = Bench(tmp_path, trigger_period_s=60, trigger_repeat=repeat)
    bench.away = True
    bench.set(True)
    bench.turn(5)
    bench.away = False
    bench.turn(2)  # it came too early
    bench.takes = True
    bench.turn(20)
    assert bench.fired == [0, 6, 7, 8]


def test_a_car_is_read_though_the_engine_that_is_back_was_not_ready_in_time(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.takes = True
    bench.set(True)
    bench.inputs.refused("another's")
    bench.turn(3)
    bench.inputs.refused("t1")
    bench.turn(20)
    assert bench.fired == [0, 4]
    bench.set(False)
    bench.inputs.refused("t2")
    bench.set(True)  # the next one
    bench.turn(20)
    assert bench.fired == [0, 4, 23]


def test_a_car_that_has_left_before_the_engine_was_back_is_not_read(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.away = True
    bench.set(True)
    bench.set(False)
    bench.away = False
    bench.turn(20)
    bench.set(True)  # the next one
    bench.turn(20)
    assert bench.fired == [0, 20]


def test_a_car_that_came_too_soon_after_a_trigger_that_saw_nothing_is_read_once_the_next_may_come(tmp_path: Path) -> None:
    """As where a radio or a button triggers before the car can be read: it stood on the loop for good."""
    bench = Bench(tmp_path)
    bench.set(True)
    bench.turn(3)  # the one before is not over, or has read a plate
    assert bench.fired == [0]
    bench.in_vain = bench.takes = True
    bench.turn(5)
    assert bench.fired == [0, 4]
    bench.takes = False
    bench.set(False)
    bench.set(True)
    bench.set(False)  # it has left
    bench.turn(5)
    assert bench.fired == [0, 4, 8]


def by(trigger_id: str, cause: str = "input DI1") -> Passage:
    return passage(trigger_id=trigger_id, trigger_cause=cause)


def test_a_car_that_stands_there_and_was_not_let_in_is_read_anew_a_few_times(tmp_path: Path) -> None:
    """The engine remembers no cars where it reads by triggers: he stood before the closed gate for good."""
    bench = Bench(tmp_path)
    bench.takes = True
    bench.set(True)
    bench.inputs.read_again(by("another's", "socket"))
    bench.turn(5)
    assert bench.fired == [0]
    for trigger in range(1, 6):
        bench.inputs.read_again(by(f"t{trigger}"))
        bench.inputs.read_again(by(f"t{trigger - 1}"))
        bench.turn(5)
    assert bench.fired == [0, 6, 11, 16]
    bench.set(False)
    bench.inputs.read_again(by("t4"))
    bench.set(True)  # the next one
    bench.turn(5)
    bench.inputs.read_again(by("t5"))
    bench.turn(5)
    assert bench.fired == [0, 6, 11, 16, 30, 36]


def test_a_car_whose_trigger_the_service_before_fired_is_read_anew_if_it_has_not_left(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.takes = bench.active = True
    bench.inputs.read_again(by("", ""))
    bench.turn(2)
    assert bench.fired == []
    bench.inputs.read_again(by("before"))
    bench.turn(2)
    assert bench.fired == [3]
    bench.set(False)
    bench.inputs.read_again(by("before"))
    bench.turn(2)
    assert bench.fired == [3]
