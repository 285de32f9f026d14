"""Hours: an entry's weekly hours as one text: "Mon 08:00-12:00 13:00-17:00; Sat 22:00-24:00"; "" for always."""

from __future__ import annotations

import re

from board.kit.errors import ConfigError
from engine.types import ALWAYS, WeekSchedule
from engine.week import DAY_MINUTES, DAYS, Span, schedule

NEVER = "never"
_SPAN = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")


def read_hours(text: str) -> WeekSchedule:
    """ConfigError says how hours are written."""
    if not text or text.lower() == "always":
        return ALWAYS
    days: list[list[Span]] = [[] for _ in DAYS]
    for part in text.split(";") if text.lower() != NEVER else ():
        words = part.split()
        day = words[0].capitalize() if words else ""
        if day not in DAYS:
            raise ConfigError("{part!r}: write days and spans such as {example}", part=part.strip()[:40], example=EXAMPLE)
        days[DAYS.index(day)] += [_span(each) for each in words[1:]] or [(0, DAY_MINUTES)]
    return schedule(days)


EXAMPLE = "Mon 08:00-12:00 13:00-17:00; Sat 22:00-06:00"


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text)
    hour, minute, last_hour, last_minute = (int(each) for each in found.groups()) if found else (0, 60, 0, 60)
    if max(minute, last_minute) > 59:
        raise ConfigError("{part!r}: write days and spans such as {example}", part=text[:40], example=EXAMPLE)
    return hour * 60 + minute, last_hour * 60 + last_minute


def write_hours(week: WeekSchedule) -> str:
    if week == ALWAYS:
        return ""
    shown = (f"{name} {' '.join(map(_shown, spans))}" for name, spans in zip(DAYS, week.days, strict=True) if spans)
    return "; ".join(shown) or NEVER


def _shown(span: Span) -> str:
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in span)
