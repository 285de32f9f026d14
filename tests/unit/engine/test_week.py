"""Week: nights that go on into the next day, 24:00 as an end, spans that touch, and what is no schedule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from board.kit.errors import ConfigError
from engine.week import Span, in_force, schedule


def week(**days: list[Span]) -> list[list[Span]]:
    return [days.get(day, []) for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]


def test_a_night_goes_on_into_the_next_day() -> None:
    days = schedule(week(mon=[(1320, 360)])).days
    assert days == (((1320, 1440),), ((0, 360),), (), (), (), (), ())


def test_the_night_of_sunday_goes_on_into_monday() -> None:
    assert schedule(week(sun=[(1320, 360)])).days == (((0, 360),), (), (), (), (), (), ((1320, 1440),))


def test_what_a_night_takes_of_the_next_day_joins_what_is_there() -> None:
    days = schedule(week(mon=[(1320, 360)], tue=[(360, 480), (600, 1440)])).days
    assert days[1] == ((0, 480), (600, 1440))


@pytest.mark.parametrize("span", [(1320, 1440), (1320, 0)])
def test_a_night_until_midnight_takes_nothing_of_the_next_day(span: Span) -> None:
    assert schedule(week(mon=[span])).days == (((1320, 1440),), (), (), (), (), (), ())


@pytest.mark.parametrize("span", [(480, 480), (0, 1441), (-1, 60), (1440, 60), (0, 0), (1440, 1440)])
def test_a_span_that_is_none_is_refused_with_its_day(span: Span) -> None:
    with pytest.raises(ConfigError, match="Wed: a span runs from 00:00 to 24:00"):
        schedule(week(wed=[span]))


def test_a_week_has_seven_days() -> None:
    with pytest.raises(ConfigError, match="must have seven days"):
        schedule([[]] * 6)


NIGHT = schedule([[], [], [], [], [], [(1320, 360)], []])
"""Saturday 22:00 to Sunday 06:00, entered as one span."""


@pytest.mark.parametrize(
    ("zone", "begin", "hours"),
    [
        ("UTC", datetime(2026, 3, 28, 12, tzinfo=UTC), 8.0),
        ("Asia/Kathmandu", datetime(2026, 3, 28, 6, tzinfo=UTC), 8.0),
        ("Europe/Berlin", datetime(2026, 3, 28, 12, tzinfo=UTC), 7.0),
        ("Europe/Berlin", datetime(2026, 10, 24, 12, tzinfo=UTC), 9.0),
        ("America/New_York", datetime(2026, 3, 7, 17, tzinfo=UTC), 7.0),
        ("America/New_York", datetime(2026, 10, 31, 17, tzinfo=UTC), 9.0),
        ("Australia/Lord_Howe", datetime(2026, 10, 3, 3, tzinfo=UTC), 7.5),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 3, tzinfo=UTC), 8.5),
    ],
)
def test_a_night_lasts_as_long_as_the_clock_on_the_wall_makes_it(zone: str, begin: datetime, hours: float) -> None:
    held = [in_force(NIGHT, begin + timedelta(minutes=step), ZoneInfo(zone)) for step in range(24 * 60)]
    assert held.count(True) / 60 == hours
    assert held.index(True) + round(hours * 60) == len(held) - held[::-1].index(True)


def test_before_the_clock_was_set_only_what_always_holds_does() -> None:
    """A board without a battery begins in 1970: its nine o'clock of a Thursday is anybody's hour."""
    at = datetime(1970, 1, 1, 9, 0, tzinfo=UTC)
    assert not in_force(schedule(week(thu=[(480, 1020)])), at, ZoneInfo("UTC"))
    assert in_force(schedule([[(0, 1440)]] * 7), at, ZoneInfo("UTC"))
