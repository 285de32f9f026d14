"""Times: when a job runs next (manual 4.4, List tab), by the wall clock of the camera's time zone."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

SPREAD_S = {"minute": 60, "hour": 600}
"""Interval -> seconds within which each camera has its own second."""

LATE = timedelta(hours=1)
"""So long after its time a run still stands for that."""

LONGEST = timedelta(days=32)
"""Two times of a month's job are no further apart."""

_LAST_SECOND = timedelta(hours=23, minutes=59, seconds=59)


def next_time(interval: str, after: datetime, zone: ZoneInfo, own: str = "") -> datetime:
    """The first time of the interval later than `after`: each full minute or hour; each day at 23:59:59; Mondays at 00:00:00;
    on the first of each month at 23:59:59. `own`: a text unique to this camera and job, which delays a minute or an hour by the
    same few seconds each time; "" for no delay.

    A time that summer time skips or repeats is the first moment at which the clock shows it or is past it."""
    later = _offset(interval, own)
    after = after - later
    if interval in ("minute", "hour"):
        begun = after.astimezone(UTC).replace(second=0, microsecond=0)
        return (begun + timedelta(minutes=1) if interval == "minute" else _full_hour(begun, zone)) + later
    day = after.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    while True:
        at = day + (_LAST_SECOND if interval != "week" else timedelta(0))
        found = at.replace(tzinfo=zone).astimezone(UTC)
        if found > after and (
            interval == "day" or (day.weekday() == 0 and interval == "week") or (day.day == 1 and interval == "month")
        ):
            return found
        day += timedelta(days=1)


def _full_hour(after: datetime, zone: ZoneInfo) -> datetime:
    """The next one. Where summer time changes the clock by half an hour, or at a quarter to, it is not an hour after the last."""
    while True:
        local = after.astimezone(zone).replace(tzinfo=None)
        left = timedelta(minutes=60 - local.minute)
        after += left
        there = after.astimezone(zone).replace(tzinfo=None)
        if there.minute == 0 or there > local + left:
            return after


def next_run(interval: str, after: datetime, zone: ZoneInfo, own: str = "", failing: bool = False) -> datetime:
    """The next time of a job that last began at `after`. One of days, weeks or months that is `failing` is tried again each hour:
    a server that was away at midnight costs no month."""
    each = [interval, "hour"] if failing and interval not in SPREAD_S else [interval]
    return min(next_time(one, after, zone, own) for one in each)


def due(interval: str, began_at: datetime, now: datetime, zone: ZoneInfo, own: str = "", failing: bool = False) -> bool:
    """Whether a job that last began at `began_at` is due, even if its time passed while the camera was off. One that began by a
    clock that was ahead, by more than the interval, is due at once: nobody waits until that time comes."""
    following = next_run(interval, min(began_at, now), zone, own, failing)
    return following <= now or began_at > following


def meant(interval: str, now: datetime, zone: ZoneInfo, failing_since: datetime | None = None) -> datetime:
    """The moment that a run at `now` stands for: that of a day ends with the day, though its process begins after midnight.
    `failing_since`: the last success of a job that fails; each further try stands for the last time that it has missed."""
    missed, after = None, now if failing_since is None or interval in SPREAD_S else max(failing_since, now - LONGEST)
    while (following := next_time(interval, after, zone)) <= now:
        missed = after = following
    if missed is not None:
        return missed
    at = now if interval in SPREAD_S else next_time(interval, now - LATE, zone)
    return min(at, now)


def _offset(interval: str, own: str) -> timedelta:
    most_s = SPREAD_S.get(interval, 0) if own else 0
    number = int.from_bytes(hashlib.sha256(own.encode()).digest()[:4], "big")
    return timedelta(seconds=number % most_s if most_s else 0)
