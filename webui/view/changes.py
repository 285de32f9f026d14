"""Changes: who changed what, and who searched, as Audit shows it (manual 4.7, Audit tab)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from board.kit.web.routes import Call
from board.kit.words import Text, mark
from engine.store.changes import MAX_ROWS as MOST_CHANGES
from engine.store.changes import Change
from engine.store.searches import Searched
from webui.portal import Portal
from webui.view.search import span

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
    "occupancy": mark("Places"),
    "configuration": mark("Configuration file"),
    "logo": mark("Logo"),
    "path_images": mark("Path images"),
    "plate": mark("Data of a plate"),
    "search": mark("Search"),
    "download": mark("Download"),
}
HEADINGS = (mark("Date and time"), mark("Who"), mark("What"), mark("Before"), mark("After"))
"""Of the columns of `cells`."""
NOT_SHOWN = ("list_id",)
LONGEST = 300


class Row(TypedDict):
    """`before`, `after`: what differs, as "name: value" joined by semicolons; "" where there was or is nothing."""

    at_local: str
    user: str
    what: Text
    name: str
    before: str
    after: str


def rows(portal: Portal, call: Call, zone: ZoneInfo, kind: str) -> list[Row]:
    """Those of the search form's dates, newest first, 1000 at most. SettingsError for dates that are none."""
    since, until = span(call, portal.clock.now(), zone)
    if kind == SEARCHES:
        return [_searched(portal, each, zone) for each in portal.store.searches(since, until, MOST_CHANGES)]
    found = portal.store.changes(since=since, until=until, limit=MOST_CHANGES)
    names = {each.id: each.name for each in portal.store.lists()}
    return [_changed(portal, each, zone, names) for each in found]


def cells(row: Row, translate: Any) -> list[object]:
    """A row of the tables to download."""
    what = row["what"].said(translate)
    return [row["at_local"], row["user"], f"{what} {row['name']}".strip(), row["before"], row["after"]]


def _searched(portal: Portal, each: Searched, zone: ZoneInfo) -> Row:
    what = Text(SUBJECTS.get(each.what, each.what))
    asked = _said(each.asked, each.asked)
    return {"at_local": portal.local(each.at, zone), "user": each.user, "what": what, "name": "", "before": "", "after": asked}


def _changed(portal: Portal, each: Change, zone: ZoneInfo, lists: Mapping[int, str]) -> Row:
    before, after = each.before or {}, each.after or {}
    differs = {name: None for name in (*before, *after) if name not in NOT_SHOWN and before.get(name) != after.get(name)}
    both = after or before
    name = both.get("plate") or both.get("name") or ""
    owner = lists.get(both.get("list_id", 0), "")
    return {
        "at_local": portal.local(each.at, zone),
        "user": each.user or "–",
        "what": Text(SUBJECTS.get(each.subject, each.subject)),
        "name": " · ".join(str(part) for part in (name, owner) if part),
        "before": _said(before, differs),
        "after": _said(after, differs),
    }


def _said(values: Mapping[str, Any], names: Mapping[str, Any]) -> str:
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
