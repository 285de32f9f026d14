"""Passages: a stored passage as the portal shows it: local time, names of countries and lists, addresses of its images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from board.kit.web.routes import Call
from board.kit.words import Language, Text, mark
from engine.countries import countries
from engine.store import PassageQuery, StoredPassage
from engine.store.queries import MAX_ROWS
from webui.portal import Portal
from webui.view import shapes
from webui.view.search import span

HEADINGS = (
    "Date and time",
    "Plate",
    "Confidence",
    "Country",
    "Region",
    "Character height (px)",
    "Lane",
    "Direction",
    "Plate colour",
    "Plate type",
    "Trigger",
    "Lists",
    "Decision",
    "Reason",
)
"""Of the columns of `cells`."""

FILTERS = ("plate", "list", "lane", "direction", "outcome")
"""Of a search, beside its dates: names in the address."""

DIRECTIONS = {"approach": mark("approach"), "away": mark("away")}

OUTCOME_TITLES = {
    "opened": mark("Gate opened"),
    "refused": mark("Not let in"),
    "withheld": mark("Withheld"),
    "reported": mark("No action"),
    "waiting": mark("Waiting…"),
}
"""What was decided, in the words of the gate (engine/types.py, OUTCOMES and WAITING)."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What narrows a search. `without`: the search without it."""

    title: Text
    value: str | Text
    without: str


def cells(passage: shapes.Passage, language: Language) -> list[object]:
    """A row of the tables to download; the first is a datetime in the camera's zone."""
    return [
        datetime.fromisoformat(passage["at_local"]),
        passage["plate"],
        passage["confidence"],
        passage["country"],
        passage["region"],
        passage["char_height_px"],
        passage["lane"],
        passage["direction"],
        passage["plate_colour"],
        passage["plate_kind"],
        passage["trigger_cause"],
        ", ".join(each["name"] for each in passage["lists"]),
        passage["outcome"],
        passage["decision"].said(language.translate),
    ]


def shown(portal: Portal, stored: StoredPassage, zone: ZoneInfo) -> shapes.Passage:
    """The one way in which a passage is drawn: for pages, API, events and downloads."""
    passage = stored.passage
    return {
        "row": stored.rowid,
        "id": passage.id,
        "plate": passage.plate,
        "confidence": passage.confidence,
        "country": passage.country,
        "region": passage.region,
        "country_name": country_name(passage.country, passage.region),
        "lane": passage.lane,
        "direction": passage.direction,
        "plate_colour": passage.plate_colour,
        "plate_kind": passage.plate_kind,
        "char_height_px": passage.char_height_px,
        "at": passage.at.isoformat(),
        "at_local": portal.local(passage.at, zone),
        "trigger_cause": passage.trigger_cause,
        "votes": passage.votes,
        "image_full": image_address(passage.images.full),
        "image_plate": image_address(passage.images.plate),
        "lists": [shapes.ListOfPassage(id=each.id, name=each.name, role=each.role, colour=each.colour) for each in stored.lists],
        "outcome": stored.decision.outcome,
        "decision": stored.decision.reason,
    }


def country_name(country: str, region: str) -> str:
    """ "Germany", "Texas (US)"; the code itself when it is not known, "" for none."""
    known = countries()
    state = known.get(f"{country}-{region}") if region else None
    if state is not None:
        return f"{state.name} ({country})"
    return known[country].name if country in known else country


def image_address(name: str) -> str:
    """Where the portal gives out the stored image `name`."""
    return f"/anpr/images/{quote(name)}" if name else ""


def asked_for(call: Call) -> dict[str, str]:
    """What a search says beside "today": what Audit keeps of it."""
    return {name: call.query[name][:40] for name in ("from", "to", *FILTERS) if call.query.get(name, "0") not in ("", "0")}


def passage_query(portal: Portal, call: Call, zone: ZoneInfo) -> PassageQuery:
    """What the search form of Review asks for; from midnight on when it says nothing. SettingsError for dates that are none."""
    since, until = span(call, portal.clock.now(), zone)
    return replace(narrowed(portal, call), since=since, until=until)


def narrowed(portal: Portal, call: Call) -> PassageQuery:
    """The same, of any time."""
    return PassageQuery(
        plate=call.query.get("plate", "")[:20],
        list_id=call.number("list", 0, 0, 2**62),
        limit=MAX_ROWS,
        fold=portal.lpr().fold_lookalikes,
        lane=call.number("lane", 0, 0, 99),
        direction=_one_of(DIRECTIONS, call.query.get("direction", "")),
        outcome=_one_of(OUTCOME_TITLES, call.query.get("outcome", "")),
    )


def _one_of(known: Mapping[str, str], said: str) -> str:
    return said if said in known else ""


def filters(portal: Portal, call: Call) -> list[Filter]:
    """What narrows the search beside its dates."""
    query = narrowed(portal, call)
    listed = next((each.name for each in portal.store.lists() if each.id == query.list_id), "")
    found = (
        ("plate", Text("Plate"), query.plate.strip()),
        ("list", Text("List"), listed),
        ("lane", Text("Lane"), str(query.lane or "")),
        ("direction", Text("Direction"), Text(DIRECTIONS[query.direction]) if query.direction else ""),
        ("outcome", Text("Decision"), Text(OUTCOME_TITLES[query.outcome]) if query.outcome else ""),
    )
    rest = {name: value for name, value in call.query.items() if name not in ("page", "oldest")}
    return [
        Filter(title, value, urlencode({each: said for each, said in rest.items() if each != name}))
        for name, title, value in found
        if value
    ]
