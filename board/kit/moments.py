"""Moments as people and programs write them: "2026-05-31T18:00", or a day as a whole."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

_MIDNIGHT = re.compile(r"^(?P<day>.*[T ])24:00(?P<rest>(:00(\.0+)?)?(Z|[+-]\d\d:?\d\d)?)$")
"""The end of a day (ISO 8601), which Python's own reader does not take."""


def moment(text: str, zone: tzinfo, end: bool = False, fold: int = 0) -> datetime:
    """What is written "2026-05-31T18:00", of `zone` unless it has an offset, as aware UTC. A day without a time ("2026-05-31") is
    its first moment, or, as an `end`, the first one after it: the day belongs to it as a whole; "T24:00" is that moment too. Of an
    hour that comes twice when summer time ends, `fold` 1 is the second.
    ValueError for any other text; OverflowError past the ends of the calendar."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        clock = _MIDNIGHT.sub(r"\g<day>00:00\g<rest>", text)
        at = datetime.fromisoformat(clock) + timedelta(days=1 if clock != text else 0)
    else:
        at = datetime(day.year, day.month, day.day) + timedelta(days=1 if end else 0)
    return (at if at.tzinfo else at.replace(tzinfo=zone, fold=fold)).astimezone(UTC)
