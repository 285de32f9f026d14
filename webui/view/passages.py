"""Passages: a stored passage as the portal shows it: local time, names of countries and lists, addresses of its images."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from board.kit.web.routes import Call
from board.kit.words import Language
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
    return {name: call.query[name][:40] for name in ("from", "to", "plate", "list") if call.query.get(name, "0") not in ("", "0")}


def passage_query(portal: Portal, call: Call, zone: ZoneInfo) -> PassageQuery:
    """What the search form of Review asks for; from midnight on when it says nothing. SettingsError for dates that are none."""
    since, until = span(call, portal.clock.now(), zone)
    return PassageQuery(
        since=since,
        until=until,
        plate=call.query.get("plate", "")[:20],
        list_id=call.number("list", 0, 0, 2**62),
        limit=MAX_ROWS,
        fold=portal.lpr().fold_lookalikes,
    )
