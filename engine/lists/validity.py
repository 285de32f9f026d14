"""Validity: the limits between which an entry of a list holds, as they are stored, compared and written."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from board.kit.clock import CLOCK_KNOWN
from board.kit.moments import moment
from engine.types import ALWAYS, ListEntry
from engine.week import in_force

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Start of an entry's validity that stands for "from always": also for a board whose clock does not know the time yet."""

LATEST = datetime(3000, 1, 1, tzinfo=UTC)
"""End of an entry's validity that stands for "for ever"."""


STANDINGS = ("", "clock", "hours", "early", "spent", "expired")
"""How an entry stands at a moment: it holds; it has limits, and the clock is not set; out of its weekly hours; not valid yet; no
entries left; expired. In this order they are told where several do not hold."""


def standing(entry: ListEntry, at: datetime, zone: ZoneInfo) -> str:
    """How the entry stands at `at`, of STANDINGS. Its weekly hours are of `zone`. What has no limits holds whatever the clock says;
    what has some neither holds nor has ended while nobody knows the time."""
    if (entry.valid_from, entry.valid_until, entry.week) != _NO_LIMITS:
        if at < CLOCK_KNOWN:
            return "clock"
        if at < entry.valid_from and entry.valid_from != EARLIEST:
            return "early"
        if at >= entry.valid_until and entry.valid_until != LATEST:
            return "expired"
        if not in_force(entry.week, at, zone):
            return "hours"
    return "spent" if entry.entries_left == 0 else ""


_NO_LIMITS = (EARLIEST, LATEST, ALWAYS)


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
