"""Validity: the limits between which an entry of a list holds, as they are stored, compared and written."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from engine.types import ListEntry

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Start of an entry's validity that stands for "from always": also for a board whose clock does not know the time yet."""

MIDNIGHT = re.compile(r"^(?P<day>.*[T ])24:00(?P<rest>(:00(\.0+)?)?(Z|[+-]\d\d:?\d\d)?)$")
"""The end of a day (ISO 8601), which Python's own reader does not take."""

LATEST = datetime(3000, 1, 1, tzinfo=UTC)
"""End of an entry's validity that stands for "for ever"."""


def is_valid(entry: ListEntry, at: datetime) -> bool:
    """Whether the entry holds at `at`."""
    begun = entry.valid_from <= at or entry.valid_from == EARLIEST
    return begun and (at < entry.valid_until or entry.valid_until == LATEST)


def moment(text: str, zone: ZoneInfo, end: bool = False) -> datetime:
    """What is written "2026-05-31T18:00", of `zone` unless it has an offset, as aware UTC. A day without a time ("2026-05-31") is
    its first moment, or, as an `end`, the first one after it: the day belongs to it as a whole; "T24:00" is that moment too.
    ValueError for any other text; OverflowError past the ends of the calendar."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        clock = MIDNIGHT.sub(r"\g<day>00:00\g<rest>", text)
        at = datetime.fromisoformat(clock) + timedelta(days=1 if clock != text else 0)
    else:
        at = datetime(day.year, day.month, day.day) + timedelta(days=1 if end else 0)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def limit(text: str, zone: ZoneInfo, end: bool = False) -> datetime:
    """A limit of an entry as it was written; "" and what lies before 2000 or after 2999 stand for none."""
    if not text:
        return LATEST if end else EARLIEST
    try:
        at = moment(text, zone, end)
    except OverflowError:
        return LATEST if text >= "2" else EARLIEST
    return min(max(at, EARLIEST), LATEST)


def written(at: datetime, zone: ZoneInfo) -> str:
    """A limit as `limit` reads it again, to the microsecond: "2026-05-31T18:00", "" for none. In the hour that comes twice when
    summer time ends, the second one has its offset."""
    if at in (EARLIEST, LATEST):
        return ""
    local = at.astimezone(zone)
    text = local.strftime("%Y-%m-%dT%H:%M") if local.second == local.microsecond == 0 else local.replace(tzinfo=None).isoformat()
    return text if local.replace(tzinfo=None).replace(tzinfo=zone) == local and not local.fold else local.isoformat()
