"""Validity: limits are written and read again without loss, a day is a whole day, and limits that stand for none hold always."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.lists import EARLIEST, LATEST, limit, standing, written
from engine.types import WeekSchedule
from engine.week import schedule
from tests.samples import NOW, entry

BERLIN = ZoneInfo("Europe/Berlin")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "end", "at"),
    [
        ("2026-05-31T18:00", False, datetime(2026, 5, 31, 16, tzinfo=UTC)),
        ("2026-05-31T18:00+00:00", True, datetime(2026, 5, 31, 18, tzinfo=UTC)),
        ("2026-05-31", False, datetime(2026, 5, 30, 22, tzinfo=UTC)),
        ("2026-05-31", True, datetime(2026, 5, 31, 22, tzinfo=UTC)),
        ("2026-05-31T24:00", True, datetime(2026, 5, 31, 22, tzinfo=UTC)),
        ("2026-12-31T24:00:00", False, datetime(2026, 12, 31, 23, tzinfo=UTC)),
        ("2026-05-31T24:00+00:00", True, datetime(2026, 6, 1, 0, tzinfo=UTC)),
        ("20260531", True, datetime(2026, 5, 31, 22, tzinfo=UTC)),
        ("2026-10-25", True, datetime(2026, 10, 25, 23, tzinfo=UTC)),  # a day of 25 hours
        ("", False, EARLIEST),
        ("", True, LATEST),
        ("9999-12-31", True, LATEST),
        ("9999-12-31T23:59-05:00", True, LATEST),
        ("0001-01-01", False, EARLIEST),
        ("0001-01-01T00:00", False, EARLIEST),
        ("1970-01-01", False, EARLIEST),
        ("2999-12-31", True, datetime(2999, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_a_limit_is_read_as_it_was_meant(text: str, end: bool, at: datetime) -> None:
    assert limit(text, BERLIN, end) == at


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 5, 31, 21, 59, 59, tzinfo=UTC),
        datetime(2026, 5, 31, 21, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # 02:30 in summer
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),  # 02:30 in winter
        datetime(2026, 10, 25, 1, 30, 1, 5, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        EARLIEST,
        LATEST,
    ],
)
def test_what_is_written_is_read_again_to_the_microsecond(at: datetime) -> None:
    assert limit(written(at, BERLIN), BERLIN, end=at == LATEST) == at


@pytest.mark.parametrize("text", ["27.11.2026", "tomorrow", "2026-13-01", "2026-05-31T25:00", "2026-05-31T24:01", "T24:00"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        limit(text, BERLIN)


@pytest.mark.parametrize("year", [1970, 1999, 2026, 2999, 3000, 9999])
def test_an_entry_without_limits_holds_whatever_the_clock_says(year: int) -> None:
    assert standing(entry("AB12"), datetime(year, 1, 1, tzinfo=UTC), BERLIN) == ""


SATURDAYS = WeekSchedule((*((),) * 5, ((0, 1440),), ()))
"""1 January 2000, which a clock that was never set may show, is one."""


@pytest.mark.parametrize("year", [1970, 2000, 2024])
@pytest.mark.parametrize("limits", [{"valid_from": NOW}, {"valid_until": NOW}, {"week": SATURDAYS}, {"valid_from": LATEST}])
def test_an_entry_with_limits_neither_holds_nor_has_ended_while_the_clock_is_not_set(year: int, limits: dict[str, Any]) -> None:
    assert standing(entry("AB12", **limits), datetime(year, 1, 1, 12, tzinfo=UTC), BERLIN) == "clock"


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"valid_from": NOW}, ""),
        ({"valid_from": NOW + SECOND}, "early"),
        ({"valid_until": NOW}, "expired"),
        ({"valid_until": EARLIEST}, "expired"),
        ({"valid_until": NOW + SECOND, "entries_left": 1}, ""),
        ({"entries_left": 0}, "spent"),
        ({"week": SATURDAYS}, "hours"),
        ({"week": SATURDAYS, "valid_until": NOW}, "expired"),
    ],
)
def test_an_entry_stands_as_its_limits_say_to_the_second(limits: dict[str, Any], expected: str) -> None:
    assert standing(entry("AB12", **limits), NOW, BERLIN) == expected


def test_weekly_hours_are_those_of_the_camera() -> None:
    nights = entry("AB12", week=schedule([[(1320, 360)], *[[]] * 6]))  # Monday 22:00 to Tuesday 6:00
    monday = datetime(2026, 7, 6, 20, 0, tzinfo=UTC)
    seen = [standing(nights, monday + timedelta(minutes=minutes), BERLIN) for minutes in (-1, 0, 479, 480)]
    assert seen == ["hours", "", "", "hours"]
