"""Changes page: the days and moments between which changes are looked for, as people and programs write them; times at the ends
of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from board.kit.settings import SettingsError
from firmware.pages.changes import bound
from firmware.pages.time import _set_time

BERLIN = ZoneInfo("Europe/Berlin")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026-05-31", utc(2026, 5, 30, 22), utc(2026, 5, 31, 22)),
        ("2026-05-31T18:00", utc(2026, 5, 31, 16), utc(2026, 5, 31, 16, 1)),
        ("2026-05-31 18:00", utc(2026, 5, 31, 16), utc(2026, 5, 31, 16, 1)),
        ("2026-05-31T18:00:05", utc(2026, 5, 31, 16, 0, 5), utc(2026, 5, 31, 16, 0, 6)),
        ("2026-05-31T18:00Z", utc(2026, 5, 31, 18), utc(2026, 5, 31, 18, 1)),
        ("2026-10-25T02:30", utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 31)),
    ],
)
def test_what_was_written_belongs_to_the_search_as_a_whole(text: str, since: datetime, until: datetime) -> None:
    assert (bound(text, BERLIN, "since"), bound(text, BERLIN, "until")) == (since, until)


@pytest.mark.parametrize(
    ("zone", "day", "before", "begins"),
    [
        ("America/Havana", "2026-11-01", "2026-10-31", utc(2026, 11, 1, 4)),
        ("Africa/Cairo", "2026-04-24", "2026-04-23", utc(2026, 4, 23, 22)),
    ],
)
def test_a_day_begins_once_where_clocks_change_at_midnight(zone: str, day: str, before: str, begins: datetime) -> None:
    assert bound(day, ZoneInfo(zone), "since") == bound(before, ZoneInfo(zone), "until") == begins


def test_no_text_and_the_ends_of_the_calendar_are_no_limit() -> None:
    assert [bound(text, BERLIN, "until") for text in ("", " ", "9999-12-31")] == [None] * 3
    assert bound("0001-01-01", BERLIN, "since") is None


@pytest.mark.parametrize("text", ["31.05.2026", "yesterday", "2026-02-30"])
def test_what_is_no_date_is_said_instead_of_finding_nothing(text: str) -> None:
    with pytest.raises(SettingsError, match="From day: must be a date and time such as"):
        bound(text, BERLIN, "since")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-12:00", "2026-13-01"])
def test_the_clock_is_not_set_to_what_no_calendar_has(text: str) -> None:
    """It was answered as a failure of the camera (500)."""
    with pytest.raises(SettingsError, match="must be a time such as"):
        _set_time(SimpleNamespace(zone=lambda: BERLIN), SimpleNamespace(), text, back=True)  # type: ignore[arg-type]
