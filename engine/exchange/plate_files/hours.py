"""Hours: an entry's weekly hours as one text: "Mon 08:00-12:00 13:00-17:00; Sat 22:00-24:00"; "" for always."""

from __future__ import annotations

import re

from board.kit.errors import ConfigError
from engine.types import ALWAYS, WeekSchedule
from engine.week import DAY_MINUTES, DAYS, Span, schedule

NEVER = "never"
_ALWAYS_SAID = ("always", "immer", "siempre", "一律")
_NEVER_SAID = (NEVER, "nie", "nunca", "永不")
_DAYS_SAID = {
    word: number
    for words in (
        " ".join(DAYS).lower(),
        "mo di mi do fr sa so",
        "lun mar mié jue vie sáb dom",
        "週一 週二 週三 週四 週五 週六 週日",
    )
    for number, word in enumerate(words.split())
}
"""As the pages say them in each language."""
_DASHES = dict.fromkeys((*range(0x2010, 0x2016), 0x2212), "-")
_SPAN = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")


def read_hours(text: str) -> WeekSchedule:
    """Also "Mon-Fri 08:00-17:30, Sat 09:00-12:00", as Audit says it, with dashes that spreadsheets make of a hyphen. ConfigError
    says how hours are written."""
    plain = "-".join(part.strip() for part in text.translate(_DASHES).split("-"))
    if not plain or plain.lower() in _ALWAYS_SAID:
        return ALWAYS
    days: list[list[Span]] = [[] for _ in DAYS]
    for part in plain.split(";") if plain.lower() not in _NEVER_SAID else ():
        for meant, spans in _groups(part):
            for each in meant:
                days[each] += spans or [(0, DAY_MINUTES)]
    return schedule(days)


def _groups(part: str) -> list[tuple[list[int], list[Span]]]:
    """Days with the spans behind them."""
    groups: list[tuple[list[int], list[Span]]] = []
    for word in part.replace(",", " ").split():
        named = _days(word)
        if named and (not groups or groups[-1][1]):
            groups.append(([], []))
        if named:
            groups[-1][0].extend(named)
        elif groups:
            groups[-1][1].append(_span(word))
        else:
            break
    if not groups:
        raise ConfigError("{part!r}: write days and spans such as {example}", part=part.strip()[:40], example=EXAMPLE)
    return groups


def _days(word: str) -> list[int]:
    """Numbers of "Mon" or "Fri-Mon"; none of what is neither."""
    first, dash, last = word.lower().partition("-")
    begin, end = _DAYS_SAID.get(first), _DAYS_SAID.get(last if dash else first)
    if begin is None or end is None:
        return []
    return [number % 7 for number in range(begin, end + 1 + (7 if end < begin else 0))]


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
