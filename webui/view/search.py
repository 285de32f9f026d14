"""Search: what the search forms of Review and Audit have in common: moments in the camera's zone and pages of results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from board.kit import moments
from board.kit.dataclass import dataclass
from board.kit.settings import Problem, SettingsError
from board.kit.web.routes import Call
from board.kit.words import Text, mark

TITLES = {"from": mark("From date"), "to": mark("To date")}
PAGE_SIZES = (25, 50, 100, 250)
LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(seconds=1)
"""A second after it the calendar ends: no limit."""

_MIDNIGHT = re.compile(r"\d{4}-\d\d-\d\d([T ](00|24):00(:00)?)?")

T = TypeVar("T")


def moment(text: str, zone: ZoneInfo, end: bool = False) -> datetime | None:
    """ "2026-05-31T18:00" in `zone` as aware UTC; a day without a time is its start, or, as an `end`, the whole day. An hour that
    comes twice when summer time ends, or that its beginning skips, is meant as a whole; but a day begins once, in zones that change
    at midnight too. None for an empty or unreadable text, and
    past the calendar's ends."""
    try:
        both = [moments.moment(text, zone, end, fold) for fold in ((0,) if _MIDNIGHT.fullmatch(text) else (0, 1))]
    except (ValueError, OverflowError):
        return None
    return max(both) if end else min(both)


def span(call: Call, now: datetime, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """(since, until) of `from` and `to` of the query, in `zone` unless they have an offset; until is exclusive, so that the second
    or day that was typed belongs to it. From midnight on when `from` is not there; None for no limit. SettingsError for what is no
    date and for an end before its beginning."""
    said = {"from": call.query.get("from", midnight(now, zone)), "to": call.query.get("to", "")}
    form = Text("must be a date and time such as 2026-05-31T18:00:00")
    wrong = [Problem(name, TITLES[name], form) for name, text in said.items() if _is_none(text, zone)]
    if wrong:
        raise SettingsError(*wrong)
    since, until = moment(said["from"], zone), moment(said["to"], zone, end=True)
    if until is not None and ":" in said["to"]:
        until = None if until > LATEST else until + timedelta(seconds=1)
    if since is not None and until is not None and until <= since:
        raise SettingsError(Problem("to", TITLES["to"], Text("must not be before {begin}", {"begin": Text(TITLES["from"])})))
    return since, until


def _is_none(text: str, zone: ZoneInfo) -> bool:
    try:
        if text:
            moments.moment(text, zone)
    except ValueError:
        return True
    except OverflowError:  # past the calendar's ends: no limit
        return False
    return False


@dataclass(frozen=True, slots=True)
class Span:
    """A span of days that a search is one click away from. `query`: the search with it."""

    title: Text
    query: str
    is_chosen: bool


def spans(call: Call, now: datetime, zone: ZoneInfo) -> list[Span]:
    """Today, yesterday and the last 7 days in `zone`, with all else that is searched for."""
    today = now.astimezone(zone).date()
    rest = {name: value for name, value in call.query.items() if name not in ("from", "to", "page", "oldest")}
    chosen = call.query.get("from", midnight(now, zone)), call.query.get("to", "")
    found = []
    for title, first, last in ((Text("Today"), 0, 0), (Text("Yesterday"), 1, 1), (Text("7 days"), 6, 0)):
        since = f"{today - timedelta(days=first)}T00:00"
        until = f"{today - timedelta(days=last)}T23:59:59" if last else ""
        found.append(Span(title, urlencode({**rest, "from": since, "to": until}), chosen == (since, until)))
    return found


def midnight(now: datetime, zone: ZoneInfo) -> str:
    """The start of today in `zone`, as a form shows it."""
    return now.astimezone(zone).strftime("%Y-%m-%dT00:00")


def near(page: int, last: int) -> list[int]:
    """The first page, the last and those around `page`."""
    return sorted({1, last, *range(max(1, page - 2), min(last, page + 2) + 1)})


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """One page of what a search found. `query` is the search without its page, to be continued with "&page="."""

    rows: Sequence[T]
    total: int
    page: int
    last: int
    size: int
    query: str

    @property
    def near(self) -> list[int]:
        """Numbers of the pages worth a link: the first, the last and those around this one."""
        return near(self.page, self.last)


def page_of(rows: Sequence[T], call: Call, since: str) -> Found[T]:
    """The page that `call` asks for; `since` as for `query_of`."""
    size = size_of(call)
    last = max(1, -(-len(rows) // size))
    page = call.number("page", 1, 1, last)
    return Found(rows[(page - 1) * size : page * size], len(rows), page, last, size, query_of(call, since))


def size_of(call: Call) -> int:
    """Rows of a page."""
    wanted = call.number("size", PAGE_SIZES[0], 1, 1000)
    return min(PAGE_SIZES, key=lambda each: abs(each - wanted))


def query_of(call: Call, since: str) -> str:
    """The search without its page, to be continued with "&page=". It says that it begins at `since` where the address says nothing:
    the next page, a download or a colleague shall have the same rows after midnight, too."""
    return urlencode({"from": since, **{name: value for name, value in call.query.items() if name not in ("page", "oldest")}})
