"""Taking: when the size and time that a server tells of a file stand for its content."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from board.kit.clock import TestClock
from engine.exchange.taking import SETTLED_S, seen

ONE, OTHER = {"size": 7, "changed": "20260102030405"}, {"size": 8, "changed": "20260102030405"}


class Looks:
    """A job's looks at a file, one after the other."""

    def __init__(self) -> None:
        self.clock = TestClock()
        self.memory: dict[str, Any] = {}

    def at(self, there: dict[str, object], seconds: float = 0.0, exact: bool = False) -> object:
        """What counts as known afterwards."""
        self.clock.advance(seconds)
        env: Any = SimpleNamespace(memory=self.memory, clock=self.clock)
        self.memory = {**self.memory, **seen(env, there, exact)}
        return self.memory["there"]


def test_a_size_that_tells_the_generation_counts_at_once() -> None:
    assert Looks().at(ONE, exact=True) == ONE


def test_another_file_counts_when_it_is_found_the_same_a_while_later() -> None:
    looks = Looks()
    assert [looks.at(ONE), looks.at(ONE, SETTLED_S / 2), looks.at(ONE, SETTLED_S)] == [{}, {}, ONE]


def test_a_file_that_goes_on_changing_is_fetched_each_time() -> None:
    looks = Looks()
    assert [looks.at(ONE), looks.at(OTHER, 60), looks.at(ONE, 60), looks.at(ONE, 60)] == [{}, {}, {}, ONE]


def test_a_clock_that_was_set_back_does_not_hold_it_up() -> None:
    looks = Looks()
    assert [looks.at(ONE), looks.at(ONE, -3600)] == [{}, ONE]
