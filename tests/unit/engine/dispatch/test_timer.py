"""Timer: times of the day and every N minutes by the clock on the wall, over the changes of summer time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.dispatch.timer import come
from engine.types import Start

SECOND = timedelta(seconds=1)


def times(start: Start, zone: str, begin: datetime, hours: float) -> list[str]:
    """What comes in that span, looked at every 20 s, as UTC."""
    found, at = [], begin
    while at < begin + timedelta(hours=hours):
        time = come(start, at, at + 20 * SECOND, ZoneInfo(zone))
        found += [f"{time:%d %H:%M}"] if time else []
        at += 20 * SECOND
    return found


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


DAY = Start("timer", times=(0, 90, 150, 450))
"""00:00, 01:30, 02:30, 07:30."""


@pytest.mark.parametrize(
    ("zone", "begin", "expected"),
    [
        ("UTC", at(2026, 3, 29, 0, 0, 1), ["29 01:30", "29 02:30", "29 07:30", "30 00:00"]),
        # 02:00 becomes 03:00 at 01:00 UTC: 02:30 comes at 03:30
        ("Europe/Berlin", at(2026, 3, 28, 22, 59), ["28 23:00", "29 00:30", "29 01:30", "29 05:30", "29 22:00"]),
        # 03:00 becomes 02:00 at 01:00 UTC: 02:30 comes once
        ("Europe/Berlin", at(2026, 10, 24, 21, 59), ["24 22:00", "24 23:30", "25 00:30", "25 06:30"]),
        ("America/New_York", at(2026, 3, 8, 4, 59), ["08 05:00", "08 06:30", "08 07:30", "08 11:30", "09 04:00"]),
        ("America/New_York", at(2026, 11, 1, 3, 59), ["01 04:00", "01 05:30", "01 07:30", "01 12:30"]),
        # 02:00 becomes 02:30 at 15:30 UTC: 02:30 is the first minute of summer time
        ("Australia/Lord_Howe", at(2026, 10, 3, 13, 29), ["03 13:30", "03 15:00", "03 15:30", "03 20:30", "04 13:00"]),
        # 02:00 becomes 01:30 at 15:00 UTC: 01:30 comes once
        ("Australia/Lord_Howe", at(2026, 4, 4, 12, 59), ["04 13:00", "04 14:30", "04 16:00", "04 21:00"]),
        ("Asia/Kathmandu", at(2026, 3, 28, 18, 14), ["28 18:15", "28 19:45", "28 20:45", "29 01:45"]),
    ],
)
def test_times_of_the_day_come_once_a_day_over_every_change_of_summer_time(zone: str, begin: datetime, expected: list[str]) -> None:
    assert times(DAY, zone, begin, 24) == expected


@pytest.mark.parametrize(
    ("zone", "begin", "expected"),
    [
        ("UTC", at(2026, 3, 29, 0, 59), ["29 01:20", "29 02:00", "29 02:40"]),
        ("Europe/Berlin", at(2026, 3, 29, 0, 19), ["29 00:20", "29 01:20", "29 02:00"]),
        ("Europe/Berlin", at(2026, 10, 25, 0, 19), ["25 00:40", "25 01:00", "25 01:40"]),
        ("Australia/Lord_Howe", at(2026, 10, 3, 14, 59), ["03 15:40", "03 16:20"]),
        ("Asia/Kathmandu", at(2026, 3, 28, 18, 14), ["28 18:15", "28 18:55", "28 19:35"]),
    ],
)
def test_every_40_minutes_counts_from_midnight(zone: str, begin: datetime, expected: list[str]) -> None:
    assert times(Start("timer", every_min=40), zone, begin, 2) == expected


def test_every_minute_comes_each_minute_of_the_hour_that_is_repeated() -> None:
    assert len(times(Start("timer", every_min=1), "Europe/Berlin", at(2026, 10, 25, 0, 0, 0), 2)) == 120


def test_a_time_that_was_missed_is_not_made_up_but_a_slow_turn_misses_none() -> None:
    half_past_7 = at(2026, 1, 2, 7, 30)
    zone = ZoneInfo("UTC")
    for late_s, expected in ((0, half_past_7), (89, half_past_7), (91, None)):
        until = half_past_7 + timedelta(seconds=late_s)
        assert come(DAY, half_past_7 - timedelta(hours=3), until, zone) == expected
    assert come(DAY, half_past_7, half_past_7 + SECOND, zone) is None
