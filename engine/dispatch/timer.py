"""Timer: when a rule's times of the day come, by the camera's local time, summer time included."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.types import Start

MINUTE = timedelta(minutes=1)

CATCH_UP = timedelta(seconds=90)
"""A time that passed longer ago was missed and is not made up."""

MAKE_UP = timedelta(days=1)
"""The same of what only ends what was held: no gate stays open because the clock was set past the time at which it closes."""


def come(start: Start, after: datetime, until: datetime, zone: ZoneInfo, ago: timedelta = CATCH_UP) -> datetime | None:
    """The newest of its times in (`after`, `until`], at most that long ago; None: none came.

    Every N minutes counts from midnight: 00:00, 00:20 and so on, in both of the hours that the end of summer time repeats. A
    time of the day comes once a day: the first time in a repeated hour, and in a skipped one as much later as the clock jumps
    (02:30 at 03:30)."""
    after = max(after, until - ago)
    times = _every(start.every_min, after, until, zone) if start.every_min else _of_day(start.times, until, zone)
    return max((each for each in times if after < each <= until), default=None)


def _every(minutes: int, after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    at = after.astimezone(UTC).replace(second=0, microsecond=0)
    while at <= until:
        local = at.astimezone(zone)
        if (local.hour * 60 + local.minute) % minutes == 0:
            yield at
        at += MINUTE


def _of_day(times: tuple[int, ...], until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    today = until.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):  # yesterday's last time may have been skipped into today
        for minutes in times:
            yield datetime.combine(day, time(*divmod(minutes, 60)), zone).astimezone(UTC)
