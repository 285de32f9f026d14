"""Problems: when the last one was, whatever was done to the clock since."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from board.kit.clock import TestClock
from board.kit.words import Text
from engine.service.problems import Problems

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("then", [datetime(1970, 1, 1, 0, 0, 9, tzinfo=UTC), datetime(2036, 1, 2, tzinfo=UTC)])
def test_what_went_wrong_before_the_clock_was_set_is_as_old_as_it_is(then: datetime) -> None:
    """The portal shows it for five minutes: it was gone at once, or stayed for years."""
    clock = TestClock(then)
    problems = Problems(clock, lambda: None)
    problems.say(Text("the card is full"))
    assert problems.last()[1] == then
    clock.advance(30)
    clock._now = NOW
    for _ in range(2):
        assert problems.last()[1] == NOW - timedelta(seconds=30)


def test_a_clock_that_is_set_by_some_seconds_changes_nothing_about_it() -> None:
    clock = TestClock(NOW)
    problems = Problems(clock, lambda: None)
    problems.say(Text("the card is full"))
    clock._now += timedelta(seconds=40)
    assert problems.last() == (Text("the card is full"), NOW)
