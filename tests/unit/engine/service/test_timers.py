"""Timers: each rule's event comes at its times and once; a stop or a clock that is set brings nothing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from board.kit.clock import TestClock
from board.kit.errors import StoreError
from engine.actions import find_kinds
from engine.dispatch.starts import only_ends
from engine.service.timers import Timers
from engine.types import ActionRule, Start
from tests.samples import NOW, rule


def timer(number: int, **start: Any) -> ActionRule:
    return replace(rule(kind="syslog"), id=number, start=Start("timer", **start))


class Heard:
    """03:04:05 UTC is 04:04:05 in Berlin."""

    def __init__(self, *rules: ActionRule) -> None:
        self.clock = TestClock()
        self.said: list[tuple[str, str]] = []
        self.timers = Timers(self.clock, lambda: "Europe/Berlin", self.take)
        self.timers.use(rules)

    def take(self, event: str, cause: str, time: str) -> None:
        assert event == "timer"
        self.said.append((cause, time))

    def go(self, seconds: float, step: float = 1.0) -> None:
        end = self.clock.now() + timedelta(seconds=seconds)
        while self.clock.now() < end:
            self.clock.advance(step)
            self.timers.turn()


def test_each_rule_hears_its_own_times_and_no_other() -> None:
    heard = Heard(timer(1, times=(4 * 60 + 5,)), timer(2, every_min=1), replace(timer(3, every_min=1), enabled=False))
    heard.go(120)
    assert heard.said == [("timer 1", "04:05"), ("timer 2", "04:05"), ("timer 2", "04:06")]


def test_what_came_while_the_service_was_down_is_not_made_up() -> None:
    heard = Heard(timer(1, times=(4 * 60 + 4,)))
    heard.go(30)
    assert heard.said == []


def test_a_time_that_comes_while_the_service_starts_again_comes_once() -> None:
    rules = (timer(1, times=(4 * 60 + 5,)), timer(2, times=(4 * 60 + 3, 4 * 60 + 7)))
    kept: list[datetime] = []
    heard = Heard()

    def starts_again() -> None:
        before = kept[-1] if kept else None
        heard.timers = Timers(heard.clock, lambda: "Europe/Berlin", heard.take, before=before, keep=kept.append)
        heard.timers.use(rules)

    starts_again()
    heard.go(50)
    assert (heard.said, len(kept)) == ([], 1)
    heard.clock.advance(10)  # at 04:05:05 it is back
    starts_again()
    heard.go(2)
    assert heard.said == [("timer 1", "04:05")]
    for _ in range(3):
        starts_again()
        heard.go(2)
    heard.clock.advance(600)  # it was away for longer: what has passed is not made up
    starts_again()
    heard.go(2)
    assert heard.said == [("timer 1", "04:05")]


def test_a_clock_that_is_set_back_brings_no_time_of_the_day_twice() -> None:
    heard = Heard(timer(1, times=(4 * 60 + 5,)))
    heard.go(60)
    heard.clock._now = NOW + timedelta(seconds=50)
    heard.go(60)
    assert heard.said == [("timer 1", "04:05")]
    heard.go(86_400, 20.0)
    assert len(heard.said) == 2


def test_a_clock_that_jumps_ahead_makes_nothing_up() -> None:
    heard = Heard(timer(1, times=(4 * 60 + 5, 5 * 60)))
    heard.clock._now = NOW + timedelta(hours=3)
    heard.go(60)
    assert heard.said == []


@pytest.mark.parametrize("ahead", [timedelta(hours=3), timedelta(days=40)])
def test_a_gate_that_is_held_open_closes_though_the_clock_jumps_over_its_time(ahead: timedelta) -> None:
    def io(number: int, do: str) -> ActionRule:
        return replace(rule(do=do), id=number, start=Start("timer", times=(4 * 60 + 30,), opens=True))

    heard = Heard(io(1, "on"), io(2, "off"), io(3, "pulse"))
    heard.timers = Timers(heard.clock, lambda: "Europe/Berlin", heard.take, partial(only_ends, find_kinds()))
    heard.timers.use((io(1, "on"), io(2, "off"), io(3, "pulse")))
    heard.clock._now = NOW + ahead
    heard.go(60)
    assert heard.said == [], "it began a moment ago: nothing is held since then"
    heard.clock._now = NOW
    heard.go(601)
    heard.clock._now = NOW + ahead
    heard.go(60)
    assert heard.said == [("timer 2", "04:30")]
    heard.clock._now = NOW  # it is set back again: 04:30 is still to come
    heard.go(60)
    assert len(heard.said) == 1


def test_a_store_that_cannot_be_read_for_a_moment_costs_no_time() -> None:
    heard = Heard(timer(1, every_min=1))
    broken = StoreError("the disk is full")

    def zone() -> str:
        raise broken

    heard.timers._time_zone = zone
    heard.clock.advance(57)
    with pytest.raises(StoreError):
        heard.timers.turn()
    heard.timers._time_zone = lambda: "Europe/Berlin"
    heard.go(1)
    assert heard.said == [("timer 1", "04:05")]


def test_no_time_of_the_day_comes_before_the_clock_was_set() -> None:
    """A board without a battery begins in 1970; its 04:05 is no reason to open a gate. Every so many minutes needs no clock."""
    heard = Heard(timer(1, times=(4 * 60 + 5,)), timer(2, every_min=1))
    heard.clock._now = NOW.replace(year=1970)
    heard.timers = Timers(heard.clock, lambda: "Europe/Berlin", heard.take)
    heard.timers.use((timer(1, times=(4 * 60 + 5,)), timer(2, every_min=1)))
    heard.go(60)
    assert heard.said == [("timer 2", "04:05")]
