"""Decided: each passage once, when it is decided about, and none from before the start."""

from __future__ import annotations

from datetime import timedelta

import pytest

from board.kit.clock import TestClock
from engine.decided import WAIT_S, Decided
from engine.messages import PassageDecided, PassageEvent, Subscribed
from engine.types import WAITING, Decision
from tests.samples import NOW, passage

OPENED = Decision("opened")


class Bench:
    def __init__(self) -> None:
        self.clock = TestClock()
        self.told: list[tuple[int, str]] = []
        self.decided = Decided(lambda stored: self.told.append((stored.row, stored.decision.outcome)), self.clock)

    def passage(self, row: int, outcome: str = "opened", age_s: float = 0.0) -> None:
        one = passage(id=f"p{row}", at=NOW - timedelta(seconds=age_s))
        self.decided.take(PassageEvent(row, one, (), (), Decision(outcome)))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_was_there_before_the_start_is_not_told(bench: Bench) -> None:
    bench.decided.take(Subscribed(7))
    for row in (6, 7, 8, 9):
        bench.passage(row)
    assert bench.told == [(8, "opened"), (9, "opened")]


def test_what_came_while_the_service_was_away_is_told_once(bench: Bench) -> None:
    bench.decided.take(Subscribed(7))
    bench.passage(8)
    bench.decided.take(Subscribed(10))
    for row in (8, 9, 10, 11):
        bench.passage(row)
    assert [row for row, _ in bench.told] == [8, 9, 10, 11]


def test_the_passages_of_another_database_are_not_told_again(bench: Bench) -> None:
    bench.decided.take(Subscribed(700))
    bench.passage(701)
    bench.decided.take(Subscribed(20))
    for row in (19, 20, 21):
        bench.passage(row)
    assert [row for row, _ in bench.told] == [701, 21]


def test_while_the_store_is_not_open_at_the_start_old_ones_are_told_by_their_age(bench: Bench) -> None:
    bench.decided.take(Subscribed(-1))
    bench.passage(5, age_s=3600)
    bench.passage(6, age_s=61)
    bench.passage(7, age_s=2)
    bench.passage(8, age_s=3600)  # stored after it: the clock was put back
    assert [row for row, _ in bench.told] == [7, 8]


def test_one_that_waits_is_told_when_it_is_decided_about_and_others_do_not_wait(bench: Bench) -> None:
    bench.decided.take(Subscribed(0))
    bench.passage(1, WAITING)
    bench.passage(2)
    assert bench.told == [(2, "opened")]
    bench.decided.take(PassageDecided("p1", Decision("refused")))
    bench.decided.take(PassageDecided("p1", Decision("refused")))
    bench.decided.take(PassageDecided("p9", OPENED))
    assert bench.told == [(2, "opened"), (1, "refused")]


def test_one_whose_decision_was_missed_is_told_as_it_stands(bench: Bench) -> None:
    bench.decided.take(Subscribed(0))
    bench.passage(1, WAITING)
    bench.clock.advance(WAIT_S - 1)
    bench.decided.turn()
    assert bench.told == []
    bench.clock.advance(1)
    bench.decided.turn()
    bench.decided.turn()
    assert bench.told == [(1, WAITING)]
