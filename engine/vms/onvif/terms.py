"""Terms: when subscriptions end, as clients ask for it and are told: xs:duration and xs:dateTime (XML Schema, part 2)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from engine.formats.event import stamp

_N = r"(\d{1,18})"
DURATION = re.compile(rf"P(?:{_N}Y)?(?:{_N}M)?(?:{_N}D)?(?:T(?=\d)(?:{_N}H)?(?:{_N}M)?(?:(\d{{1,18}}(?:\.\d{{0,9}})?)S)?)?")
"""XML Schema restricts the numbers not at all (part 2, 3.2.6): "as long as may be" is written PT2147483647S."""
UNITS_S = (365 * 86_400, 30 * 86_400, 86_400, 3_600, 60, 1)


def duration_s(text: str) -> float:
    """Of "PT1M30.5S"; a year counts as 365 days, a month as 30. ValueError for what is none, or negative."""
    found = DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        raise ValueError(f"{text[:40]!r} is no duration")
    return sum(float(number) * unit for number, unit in zip(found.groups(), UNITS_S, strict=True) if number)


def seconds_left(text: str, now: datetime) -> float:
    """Until what a client wrote, a duration or a time of the camera's clock; negative for a time that is past. A time without a
    zone is UTC. ValueError for what is neither."""
    text = text.strip()
    if text.startswith("P"):
        return duration_s(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as why:
        raise ValueError(f"{text[:40]!r} is no time") from why
    try:
        return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    except OverflowError as why:  # year 1 or 9999 with an offset
        raise ValueError(f"{text[:40]!r} is no time") from why


def told(at: datetime) -> str:
    """As answers say it: UTC, with a Z."""
    return stamp(at.astimezone(UTC)).replace("+00:00", "Z")
