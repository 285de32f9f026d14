"""Validity: limits are written and read again without loss, a day is a whole day, and limits that stand for none hold always."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from engine.lists import EARLIEST, LATEST, is_valid, limit, written
from tests.samples import entry

BERLIN = ZoneInfo("Europe/Berlin")


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
    assert is_valid(entry("AB12"), datetime(year, 1, 1, tzinfo=UTC))
    assert not is_valid(entry("AB12", valid_from=LATEST), datetime(1970, 1, 1, tzinfo=UTC))
    assert not is_valid(entry("AB12", valid_until=EARLIEST), datetime(2026, 1, 1, tzinfo=UTC))
