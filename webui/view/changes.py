"""Changes: who changed what, and who searched, as Audit shows it (manual 4.7, Audit tab)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from board.kit.web.routes import Call
from board.kit.words import Text, mark
from engine.store.changes import Change
from engine.store.queries import MAX_ROWS
from engine.store.searches import Searched
from webui.portal import Portal
from webui.view.passages import asked_said
from webui.view.search import span
from webui.view.told import NOT_SHOWN, Teller

CHANGES, SEARCHES = "changes", "searches"
KINDS = {CHANGES: mark("Changes of lists, actions and settings"), SEARCHES: mark("Searches and downloads of passages")}
"""What Audit shows beside actions, exports and imports."""

SUBJECTS = {
    "list": mark("List"),
    "entry": mark("Plate of a list"),
    "rule": mark("Action"),
    "job": mark("Export or import"),
    "settings": mark("Settings"),
    "import": mark("Import of plates"),
    "places": mark("Places"),
    "configuration": mark("Configuration file"),
    "logo": mark("Logo"),
    "path_images": mark("Path images"),
    "plate": mark("Data of a plate"),
    "search": mark("Search"),
    "download": mark("Download"),
}
HEADINGS = (mark("Date and time"), mark("Who"), mark("What"), mark("Before"), mark("After"))
"""Of the columns of `cells`."""
LONGEST = 300


class Row(TypedDict):
    """`before`, `after`: what differs, said for people, "" where there was or is nothing; `raw`: the same two with the names and
    values that are stored, "general.site: Graz; general.log_level: 4"."""

    at_local: str
    user: str
    what: Text
    name: str
    before: Text
    after: Text
    raw: tuple[str, str]


def rows(portal: Portal, call: Call, zone: ZoneInfo, kind: str) -> list[Row]:
    """Those of the search form's dates, newest first, 1000 at most. SettingsError for dates that are none."""
    since, until = span(call, portal.clock.now(), zone)
    if kind == SEARCHES:
        return [_searched(portal, each, zone) for each in portal.store.searches(since, until, MAX_ROWS)]
    found = portal.store.changes(since=since, until=until, limit=MAX_ROWS)
    names = {each.id: each.name for each in portal.store.lists()}
    teller = Teller(portal, zone)
    return [_changed(portal, each, zone, names, teller) for each in found]


def cells(row: Row, translate: Any, for_programs: bool) -> list[object]:
    """A row of the tables to download."""
    what = row["what"].said(translate)
    before, after = row["raw"] if for_programs else (row["before"].said(translate), row["after"].said(translate))
    return [row["at_local"], row["user"], f"{what} {row['name']}".strip(), before, after]


def _searched(portal: Portal, each: Searched, zone: ZoneInfo) -> Row:
    return {
        "at_local": portal.local(each.at, zone),
        "user": each.user,
        "what": Text(SUBJECTS.get(each.what, each.what)),
        "name": "",
        "before": Text(""),
        "after": asked_said(portal, each.asked),
        "raw": ("", _raw(each.asked, each.asked)),
    }


def _changed(portal: Portal, each: Change, zone: ZoneInfo, lists: Mapping[int, str], teller: Teller) -> Row:
    before, after = each.before or {}, each.after or {}
    differs = {name: None for name in (*before, *after) if name not in NOT_SHOWN and before.get(name) != after.get(name)}
    both = after or before
    name = both.get("plate") or both.get("name") or ""
    owner = lists.get(both.get("list_id", 0), "")
    was, now = teller.differences(each.subject, each.before, each.after)
    return {
        "at_local": portal.local(each.at, zone),
        "user": each.user or "–",
        "what": Text(SUBJECTS.get(each.subject, each.subject)),
        "name": " · ".join(str(part) for part in (name, owner) if part),
        "before": was,
        "after": now,
        "raw": (_raw(before, differs), _raw(after, differs)),
    }


def _raw(values: Mapping[str, Any], names: Mapping[str, Any]) -> str:
    """ "site: Graz; log_level: 4"; options within options are said each for itself."""
    flat: list[str] = []
    for name in names:
        value = values.get(name)
        if isinstance(value, Mapping):
            flat += [f"{inner}: {each}" for inner, each in value.items() if each not in ("", None)]
        elif value not in ("", None):
            flat.append(f"{name}: {value}")
    text = "; ".join(flat)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
