"""Dates: validity limits as files write them: the manual's form, other ISO 8601, dates as people write them, Excel's numbers."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from board.kit.errors import ConfigError
from engine.exchange.formats import ORDERS
from engine.lists import EARLIEST, LATEST, limit

FIRST = "2000-01-01T00:00:00.000"
LAST = "3000-01-01T00:00:00.000"
"""Start and end that mean "no limit" (manual 4.4, List tab), in any time zone."""

_BEFORE_1904 = datetime(1899, 12, 30)
_SINCE_1904 = datetime(1904, 1, 1)
"""Day 0 of a workbook, and of one created by Excel for old Macs."""


LONGEST = 80
"""Characters of a date: in 30,000 blanks a time was looked for at each of them, for seconds."""


class SheetDay(str):
    """A cell that a workbook shows as a date: ISO text."""

    __slots__ = ()


class SheetPower(int):
    """A cell that a workbook shows with a power of ten."""

    __slots__ = ()


class Unknown(str):
    """A cell without a value: an error such as #N/A, or a formula that nobody calculated."""

    __slots__ = ()


_DAY_NUMBER = re.compile(r"(3[6-9]|[4-9]\d)\d{3}([.,]\d+)?")
"""From 1998 to 2173."""
_PEOPLE = re.compile(r"(?P<first>\d{1,2})(?P<mark>[./-])(?P<second>\d{1,2})(?P=mark)(?P<year>\d{4})(?P<rest>[\sT,].*)?", re.DOTALL)
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})(?:(?P<mark>[./-])\s?(?P<month>\d{1,2})(?P=mark)\s?(?P<day>\d{1,2})\.?|年(?P<month_>\d{1,2})月(?P<day_>\d{1,2})日)"
    r"(?P<rest>[\sT,].*)?",
    re.DOTALL,
)
_CLOCK = re.compile(
    r"[\sT,]+(?P<before>[^\s\d]{2})?\s*(?P<hour>\d{1,2}):(?P<minute>\d\d)(:(?P<seconds>\d\d))?(\s*(?P<after>[^\d:.+-].*))?"
)
"""A time as spreadsheets and Windows write it: "6:00", "18:00:05", "6:00 p. m.", "下午 06:00:00"."""
_NOON = {"am": 0, "a.m.": 0, "上午": 0, "午前": 0, "오전": 0, "pm": 12, "p.m.": 12, "下午": 12, "午後": 12, "오후": 12}


def read_limit(value: object, zone: ZoneInfo, end: bool, order: str = "") -> datetime:
    """A validity limit as a file has it: a text, a number of days (Excel) or a datetime, in `zone` unless it has an offset.
    Empty, 2000-01-01 and 3000-01-01 mean no limit; a day without a time, as an `end`, includes the whole day. ConfigError says
    how dates are written."""
    text = value.isoformat() if isinstance(value, datetime) else str(value).strip()
    if text in ("", LAST if end else FIRST):
        return LATEST if end else EARLIEST
    try:
        text = _iso(text, order) if len(text) <= LONGEST else "too long"
        at = limit(text, zone, end)
    except ValueError as why:
        if isinstance(why, ConfigError):
            raise
        raise ConfigError("{text!r} is no date; write it as 2026-05-31T18:00 or 31.05.2026 18:00", text=str(value)[:40]) from why
    if not end and text[:10] < "2000-01-02" and text[10:].strip("T 0:.") == "":
        return EARLIEST
    return LATEST if end and text[:4] >= "3000" else at


def write_limit(at: datetime, zone: ZoneInfo, end: bool) -> str:
    """The limit in the manual's form, in local time; in UTC with its offset where local time would be ambiguous: in the second
    of the two hours when summer time ends, or when it would mean "no limit"."""
    if at == (LATEST if end else EARLIEST):
        return LAST if end else FIRST
    text = _naive(at.astimezone(zone))
    return text if read_limit(text, zone, end) == at else f"{_naive(at)}+00:00"


def _naive(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds" if at.microsecond % 1000 == 0 else "microseconds")


def day_number(days: float, since_1904: bool = False) -> str:
    """A spreadsheet's number as local time ("2026-11-27" for a whole day): days since 1899-12-30, rounded to the second."""
    whole = round(days * 86_400)
    at = (_SINCE_1904 if since_1904 else _BEFORE_1904) + timedelta(seconds=whole)
    return at.date().isoformat() if whole % 86_400 == 0 else at.isoformat()


def _iso(text: str, order: str) -> str:
    if _DAY_NUMBER.fullmatch(text):
        return day_number(float(text.replace(",", ".")))
    found = _YEAR_FIRST.fullmatch(text)
    if found:
        day, month = int(found["day"] or found["day_"]), int(found["month"] or found["month_"])
    else:
        found = _PEOPLE.fullmatch(text)
        if not found:
            return text
        day, month = _day_and_month(found, text, order)
    return f"{int(found['year']):04}-{month:02}-{day:02}{_time(found['rest'] or '')}"


def _day_and_month(found: re.Match[str], text: str, order: str) -> tuple[int, int]:
    first, second = int(found["first"]), int(found["second"])
    if not 0 < min(first, second) < 13:
        return 0, 0
    if found["mark"] == "." or first > 12 or first == second or (order == ORDERS[1] and second <= 12):
        return first, second
    if second > 12 or order == ORDERS[2]:
        return second, first
    raise ConfigError("{text!r} can mean two days: write it as 2026-05-31, or say whether the day comes first", text=text[:40])


def _time(rest: str) -> str:
    """What follows a day, as ISO 8601 has it; what is no such time stays as it is."""
    found = _CLOCK.fullmatch(rest)
    if not found:
        return rest
    hour, half = int(found["hour"]), "".join(f"{found['before'] or ''}{found['after'] or ''}".lower().split())
    if half:
        noon = _NOON.get(half)
        if noon is None or hour > 12 + noon:
            return rest
        hour = hour % 12 + noon
    return f"T{hour:02}:{int(found['minute']):02}:{int(found['seconds'] or 0):02}"
