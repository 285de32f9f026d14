"""Times: jobs run at the manual's times by the camera's clock, over summer time, after a pause, and when the clock is set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.exchange.times import due, meant, next_run, next_time

BERLIN = ZoneInfo("Europe/Berlin")


def local(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("interval", "after", "expected"),
    [
        ("minute", "2026-05-31T12:00:00", "2026-05-31T12:01:00"),
        ("minute", "2026-05-31T12:00:59.9", "2026-05-31T12:01:00"),
        ("hour", "2026-05-31T12:00:00", "2026-05-31T13:00:00"),
        ("hour", "2026-05-31T12:59:59", "2026-05-31T13:00:00"),
        ("day", "2026-05-31T12:00:00", "2026-05-31T23:59:59"),
        ("day", "2026-05-31T23:59:59", "2026-06-01T23:59:59"),
        ("week", "2026-05-31T12:00:00", "2026-06-01T00:00:00"),  # a Sunday
        ("week", "2026-06-01T00:00:00", "2026-06-08T00:00:00"),
        ("month", "2026-05-31T12:00:00", "2026-06-01T23:59:59"),
        ("month", "2026-06-01T23:59:59", "2026-07-01T23:59:59"),
        ("month", "2026-12-01T23:59:59", "2027-01-01T23:59:59"),
        ("day", "2026-03-28T23:59:59", "2026-03-29T23:59:59"),  # a day of 23 hours
        ("day", "2026-10-24T23:59:59", "2026-10-25T23:59:59"),  # and one of 25
    ],
)
def test_a_job_runs_at_the_times_of_the_manual(interval: str, after: str, expected: str) -> None:
    assert next_time(interval, local(after), BERLIN) == local(expected)


def test_hours_and_minutes_go_on_evenly_when_summer_time_begins_and_ends() -> None:
    for start in ("2026-03-29T00:00:00", "2026-10-25T00:00:00"):
        at = local(start)
        for _ in range(5):
            following = next_time("hour", at, BERLIN)
            assert following - at == timedelta(hours=1)
            at = following


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Australia/Lord_Howe", "2026-04-04T15:00"),  # 02:00 is 01:30 again: summer time is half an hour
        ("Australia/Lord_Howe", "2026-10-03T15:30"),
        ("Pacific/Chatham", "2026-04-04T14:00"),  # 03:45 is 02:45 again
        ("Pacific/Chatham", "2026-09-26T14:00"),
    ],
)
def test_a_full_hour_comes_once_also_where_summer_time_begins_or_ends_within_one(zone: str, change: str) -> None:
    there, changed = ZoneInfo(zone), datetime.fromisoformat(change).replace(tzinfo=UTC)
    for minute in range(-180, 180):
        after = changed + timedelta(minutes=minute, seconds=5)
        following = next_time("hour", after, there)
        assert after < following <= after + timedelta(minutes=90)
        assert following.astimezone(there).minute == 0 or following == changed
        assert not due("hour", after, after, there)


def test_cameras_that_ask_one_server_do_so_at_seconds_of_their_own() -> None:
    after = local("2026-05-31T12:00:00")
    seconds = {next_time("minute", after, BERLIN, f"gw-{number} 1").second for number in range(100)}
    assert len(seconds) > 30
    own = next_time("minute", after, BERLIN, "gw-1 1")
    assert next_time("minute", own, BERLIN, "gw-1 1") == own + timedelta(minutes=1)
    assert next_time("day", after, BERLIN, "gw-1 1") == next_time("day", after, BERLIN)


def test_what_was_missed_while_the_camera_was_off_is_done_once() -> None:
    began, now = local("2026-05-01T23:59:59"), local("2026-05-20T12:00:00")
    assert due("day", began, now, BERLIN)
    assert not due("day", now, now + timedelta(minutes=1), BERLIN)


@pytest.mark.parametrize("interval", ["minute", "hour", "day", "week", "month"])
def test_a_job_that_began_by_a_clock_that_was_ahead_does_not_wait_for_that_time(interval: str) -> None:
    ahead, now = local("2036-05-01T12:00:00"), local("2026-05-20T12:00:30")
    assert due(interval, ahead, now, BERLIN)
    assert not due(interval, now, now + timedelta(seconds=1), BERLIN)


def test_a_clock_that_is_set_back_a_little_brings_no_job_twice() -> None:
    began, now = local("2026-05-20T23:59:59"), local("2026-05-20T23:50:00")
    assert not due("day", began, now, BERLIN)
    assert not due("day", began, began, BERLIN)
    assert due("day", began, local("2026-05-21T23:59:59"), BERLIN)


@pytest.mark.parametrize("interval", ["day", "week", "month"])
def test_a_job_that_fails_is_tried_again_each_hour_until_its_time(interval: str) -> None:
    """A server that was away at midnight cost the export a month."""
    began = local("2026-06-01T23:59:59")
    assert next_run(interval, began, BERLIN, failing=True) == local("2026-06-02T00:00:00")
    assert not due(interval, began, local("2026-06-02T03:00:00"), BERLIN)
    assert due(interval, local("2026-06-02T02:00:00"), local("2026-06-02T03:00:00"), BERLIN, failing=True)
    assert next_run("day", local("2026-06-02T23:30:00"), BERLIN, "gw-1 1", failing=True) == local("2026-06-02T23:59:59")
    assert next_run("minute", began, BERLIN, failing=True) == next_time("minute", began, BERLIN)


@pytest.mark.parametrize(
    ("interval", "succeeded", "expected"),
    [
        ("day", "2026-06-01T23:59:59", "2026-06-03T23:59:59"),
        ("day", "2026-06-04T07:00:00", "2026-06-04T08:00:00"),  # somebody asked for it since, which failed
        ("week", "2026-05-25T00:00:00", "2026-06-01T00:00:00"),
        ("month", "2026-05-01T23:59:59", "2026-06-01T23:59:59"),
        ("month", "2020-05-01T23:59:59", "2026-06-01T23:59:59"),
        ("hour", "2026-06-01T23:59:59", "2026-06-04T08:00:00"),
    ],
)
def test_a_further_try_stands_for_the_time_that_was_missed(interval: str, succeeded: str, expected: str) -> None:
    """A file of the day before is looked for, and stored, by that day's name."""
    assert meant(interval, local("2026-06-04T08:00:00"), BERLIN, local(succeeded)) == local(expected)


@pytest.mark.parametrize(
    ("interval", "now", "expected"),
    [
        ("day", "2026-06-01T00:00:03", "2026-05-31T23:59:59"),  # its process begins after midnight
        ("day", "2026-05-31T23:59:59.4", "2026-05-31T23:59:59"),
        ("month", "2026-06-02T00:10:00", "2026-06-01T23:59:59"),
        ("month", "2026-06-01T00:00:03", "2026-06-01T00:00:03"),
        ("week", "2026-06-01T00:00:03", "2026-06-01T00:00:00"),
        ("day", "2026-06-01T08:00:00", "2026-06-01T08:00:00"),  # made up after a night without power
        ("minute", "2026-06-01T00:00:03", "2026-06-01T00:00:03"),
        ("hour", "2026-06-01T00:00:03", "2026-06-01T00:00:03"),
    ],
)
def test_a_run_stands_for_its_time_though_it_begins_a_little_later(interval: str, now: str, expected: str) -> None:
    assert meant(interval, local(now), BERLIN) == local(expected)
