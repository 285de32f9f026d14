"""Passages: a stored passage as the portal shows it: local time, names of countries and lists, addresses of its images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from board.kit.dataclass import dataclass
from board.kit.web.routes import Call
from board.kit.words import NOTHING, Language, Text, joined, mark
from engine.countries import countries
from engine.dispatch.rules import DIRECTIONS
from engine.lists import comparable, normalise
from engine.store import PassageQuery, StoredPassage
from engine.store.queries import MAX_ROWS
from engine.types import Passage
from webui.portal import Portal
from webui.view import shapes
from webui.view.search import TITLES, midnight, span

HEADINGS = (
    mark("Date and time"),
    mark("Plate"),
    mark("Confidence"),
    mark("Country"),
    mark("Region"),
    mark("Character height (px)"),
    mark("Lane"),
    mark("Direction"),
    mark("Plate colour"),
    mark("Plate type"),
    mark("Trigger"),
    mark("Lists"),
    mark("Decision"),
    mark("Reason"),
)
"""Of the columns of `cells`."""

SEARCH_TITLES = {
    **TITLES,
    "plate": mark("Plate"),
    "list": mark("List"),
    "lane": mark("Lane"),
    "direction": mark("Direction"),
    "outcome": mark("Decision"),
}
"""What a search can ask for: name in the address, title in the form."""

ASKED_TITLES = {**SEARCH_TITLES, "file": mark("File")}
"""What Audit keeps of a search or a download."""

FILTERS = tuple(name for name in SEARCH_TITLES if name not in TITLES)
"""Of them those beside the dates."""

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


CAUSES = {
    "input": mark("input {of}"),
    "socket": mark("trigger by TCP from {of}"),
    "http": mark("trigger by HTTP, {of}"),
    "timer": mark("timer {of}"),
    "test": mark("test"),
}
"""How a trigger's cause begins: what is said of it."""


def cells(passage: shapes.Passage, language: Language, for_programs: bool = False) -> list[object]:
    """A row of the tables to download, said in `language`, or for programs as it is stored: with 0 for what was not seen, and codes
    of countries; the first is a datetime in the camera's zone."""
    say = language.translate

    def seen(value: float) -> object:
        return value if value or for_programs else ""

    return [
        datetime.fromisoformat(passage["at_local"]),
        passage["plate"],
        seen(passage["confidence"]),
        passage["country"] if for_programs else passage["country_name"].said(say),
        passage["region"],
        seen(passage["char_height_px"]),
        seen(passage["lane"]),
        say(passage["direction"]),
        say(passage["plate_colour"]),
        say(passage["plate_kind"]),
        passage["trigger_cause"] if for_programs else passage["trigger_name"].said(say),
        ", ".join(each["name"] for each in passage["lists"]),
        say(passage["outcome"]) if for_programs else passage["outcome_name"].said(say),
        passage["decision"].said(say),
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
        "direction_name": Text(DIRECTIONS[passage.direction]) if passage.direction else NOTHING,
        "plate_colour": passage.plate_colour,
        "plate_kind": passage.plate_kind,
        "plate_look": Text("{colour}, {kind}", {"colour": Text(passage.plate_colour), "kind": Text(passage.plate_kind)})
        if passage.plate_colour and passage.plate_kind
        else Text(passage.plate_colour or passage.plate_kind),
        "char_height_px": passage.char_height_px,
        "at": passage.at.isoformat(),
        "at_local": portal.local(passage.at, zone),
        "trigger_cause": passage.trigger_cause,
        "trigger_name": trigger_name(passage.trigger_cause),
        "votes": passage.votes,
        "image_full": image_address(passage.images.full),
        "image_plate": image_address(passage.images.plate),
        "lists": [shapes.ListOfPassage(id=each.id, name=each.name, role=each.role, colour=each.colour) for each in stored.lists],
        "outcome": stored.decision.outcome,
        "outcome_name": outcome_name(stored.decision.outcome),
        "decision": stored.decision.reason,
    }


REFUSALS = {
    "confidence": mark("refused: surer reads are asked for"),
    "small": mark("refused: its characters are smaller than the minimum"),
    "large": mark("refused: its characters are larger than the maximum"),
    "characters": mark("refused: it has fewer characters than the minimum"),
    "region": mark("refused: not wholly inside the region of interest"),
    "edge": mark("waited for a better one: it was at the picture's edge"),
    "far": mark("waited for a better one: its characters were still small"),
}
"""Why a read did not count, by the names of engine.messages.REJECTED and engine.types.HELD_BACK."""


def reads(portal: Portal, passage: Passage, zone: ZoneInfo) -> list[shapes.SeenRead]:
    """The last reads of a passage's car, in their order, to the millisecond."""
    found: list[shapes.SeenRead] = []
    text = comparable(passage.plate or passage.unsure)
    for each in portal.store.passages.reads(passage.id):
        at = (passage.at + timedelta(milliseconds=each.after_ms)).astimezone(zone)
        agreed = comparable(each.text) == text
        said = REFUSALS.get(each.refused, each.refused) or ("" if agreed else OTHER_TEXT)
        found.append(
            {
                "at_local": at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
                "plate": each.text,
                "confidence": each.confidence,
                "char_height_px": each.char_height_px,
                "agreed": agreed,
                "refused": each.refused,
                "why": Text(said) if said else NOTHING,
            }
        )
    return found


OTHER_TEXT = mark("voted for another text, and was outvoted")


def country_name(country: str, region: str) -> Text:
    """ "Germany", "Texas (US)"; the code itself when it is not known, nothing for none."""
    known = countries()
    state = known.get(f"{country}-{region}") if region else None
    if state is not None:
        return Text("{state} ({country})", {"state": state.name, "country": country})
    return Text(known[country].name if country in known else country)


def outcome_name(outcome: str) -> Text:
    """In the words of the gate; nothing where nothing was decided."""
    return Text(OUTCOME_TITLES.get(outcome, outcome))


def trigger_name(cause: str) -> Text:
    """ "input DI2, active": what `Trigger.cause` says, for people."""
    what, _, of = cause.partition(" ")
    line, _, level = of.partition(" ")
    if what == "input" and level:
        return Text("input {line}, {level}", {"line": line, "level": Text(level)})
    return Text(CAUSES[what], {"of": of}) if what in CAUSES else Text(cause)


def image_address(name: str) -> str:
    """Where the portal gives out the stored image `name`."""
    return f"/anpr/images/{quote(name)}" if name else ""


def asked_for(portal: Portal, call: Call, zone: ZoneInfo) -> dict[str, str]:
    """What a search says beside "today": what Audit keeps of it."""
    usual = {"from": midnight(portal.clock.now(), zone)}
    asked = {name: call.query.get(name, "")[:40] for name in SEARCH_TITLES}
    return {name: said for name, said in asked.items() if said not in ("", "0", usual.get(name))}


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
    """What narrows the search beside its dates. A list that was deleted since is told by its number."""
    query = narrowed(portal, call)
    values = {
        "plate": query.plate.strip() if normalise(query.plate) else "",
        "list": str(query.list_id or ""),
        "lane": str(query.lane or ""),
        "direction": query.direction,
        "outcome": query.outcome,
    }
    rest = {name: value for name, value in call.query.items() if name not in ("page", "oldest")}
    return [
        Filter(Text(SEARCH_TITLES[name]), said, urlencode({each: value for each, value in rest.items() if each != name}))
        for name, said in ((name, _searched_for(portal, name, value) or value) for name, value in values.items() if value)
    ]


def asked_said(portal: Portal, asked: Mapping[str, str]) -> Text:
    """What a search asked for, as its form shows it. A list that was deleted since is told by its number."""
    told = [
        Text("{title}: {value}", {"title": Text(ASKED_TITLES[name]), "value": _searched_for(portal, name, value) or value})
        for name, value in asked.items()
        if name in ASKED_TITLES
    ]
    return joined(told)


def _searched_for(portal: Portal, name: str, value: str) -> str | Text:
    """ "" for a list that there is not."""
    if name == "list":
        return next((each.name for each in portal.store.lists() if str(each.id) == value), "")
    if name in ("from", "to"):
        return value.replace("T", " ")
    known = {"direction": DIRECTIONS, "outcome": OUTCOME_TITLES}.get(name, {})
    return Text(known[value]) if value in known else value
