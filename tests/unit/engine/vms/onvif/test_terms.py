"""Durations and times of subscriptions, as clients write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from engine.vms.onvif.terms import duration_s, seconds_left, told

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT5S", 5),
        ("PT1M", 60),
        (" PT1H ", 3600),
        ("P1D", 86_400),
        ("P0Y0M0DT0H1M30.500S", 90.5),
        ("PT0S", 0),
        ("P1Y2M", 36_720_000),
        ("PT2147483647S", 2_147_483_647),  # the longest that 32 bits hold
        ("PT9223372036854775.807S", 9_223_372_036_854_775.807),  # and 64, in milliseconds
    ],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "5", "-PT5S", "PT5", "P5S", "PT1M2", "PT" + "9" * 40 + "S", "PTS", "PT5S\n;"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration_s(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT10M", 600),
        ("2026-01-02T03:04:15.678Z", 10),
        ("2026-01-02T04:04:15.678+01:00", 10),
        ("2026-01-02T03:04:15.678", 10),
        ("1970-01-01T00:00:00Z", -1_767_323_045.678),
    ],
)
def test_a_time_is_of_the_cameras_clock(text: str, seconds: float) -> None:
    assert seconds_left(text, NOW) == seconds


@pytest.mark.parametrize("text", ["tomorrow", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_what_is_no_time_is_refused_or_far_away(text: str) -> None:
    try:
        assert abs(seconds_left(text, NOW)) > 1e9
    except ValueError:
        pass


def test_times_are_told_in_utc_with_a_z() -> None:
    assert told(NOW.astimezone(timezone(timedelta(hours=5)))) == "2026-01-02T03:04:05.678Z"
