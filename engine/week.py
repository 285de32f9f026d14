"""Week: the weekly schedule of an action or an entry, as it is given and as it is kept: spans of minutes, a night in two parts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from board.kit.clock import CLOCK_KNOWN
from board.kit.errors import ConfigError
from board.kit.words import Text
from engine.types import ALWAYS, WeekSchedule

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY_MINUTES = 1440

Span = tuple[int, int]


def schedule(days: Sequence[Sequence[Span]]) -> WeekSchedule:
    """Seven days from Monday on, each with spans (from, until) in minutes since midnight, `until` up to 1440 (24:00). A span that
    ends before it starts is a night: it goes on into the next day, Sunday's into Monday. Kept sorted; those that touch or overlap
    become one. ConfigError for anything else."""
    if len(days) != len(DAYS):
        raise ConfigError("must have seven days, from Monday to Sunday")
    parts: list[list[Span]] = [[] for _ in DAYS]
    for number, spans in enumerate(days):
        for start, end in spans:
            if not (0 <= start < DAY_MINUTES and 0 <= end <= DAY_MINUTES) or start == end:
                raise ConfigError(
                    "{day}: a span runs from 00:00 to 24:00 at most; one that ends before it starts goes on into the next day",
                    day=Text(DAYS[number]),
                )
            parts[number].append((start, end if start < end else DAY_MINUTES))
            if 0 < end < start:
                parts[(number + 1) % len(DAYS)].append((0, end))
    return WeekSchedule(tuple(_joined(spans) for spans in parts))


def in_force(week: WeekSchedule, at: datetime, zone: ZoneInfo) -> bool:
    """Whether the schedule holds at `at`: by the wall clock of `zone`, so an hour that a change of summer time skips never comes,
    and one that it repeats comes twice. While the clock was never set nobody knows the hour: only what always holds does."""
    if at < CLOCK_KNOWN:
        return week == ALWAYS
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in week.days[local.weekday()])


def _joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
