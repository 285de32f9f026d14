"""Review tab: search the stored passages, look at their pictures and download them (manual 4.3, Review tab)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from board.kit.settings import SettingsError
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, Refused, page
from board.kit.words import Text
from engine.dispatch.rules import DIRECTIONS
from engine.formats.sheet_pictures import MOST_PICTURES
from engine.settings.general import LIST, SQUARE
from engine.store import MAX_COUNTED, MOST_SCANNED, DeliveryQuery, PassageQuery
from engine.types import FIXED_ROLES
from webui.noted import noted
from webui.portal import Portal
from webui.view.deliveries import shown as delivery
from webui.view.passages import FILTERS, OUTCOME_TITLES, asked_for, filters, narrowed, passage_query, reads, shown
from webui.view.search import PAGE_SIZES, Found, midnight, query_of, size_of, spans

MOST_DELIVERIES = 100

NOTHING = PassageQuery(until=datetime(1, 1, 2, tzinfo=UTC))
"""Finds no passage."""


def _page(portal: Portal, call: Call) -> Answer:
    zone, size = portal.zone(), size_of(call)
    try:
        query, wrong = passage_query(portal, call, zone), None
    except SettingsError as why:
        query, wrong = NOTHING, why
    wanted = asked_for(portal, call, zone)
    if wanted and wrong is None:
        with noted(call.user, "a search"):
            portal.store.searches.add(call.user, "search", wanted)
    asked = portal.store.passages.page(query, call.number("page", 1, 1, MAX_COUNTED), size)
    since = call.query.get("from", midnight(portal.clock.now(), zone))
    oldest = bool(call.query.get("oldest")) and asked.total > MAX_COUNTED
    rows = portal.store.passages.oldest(query, size) if oldest else asked.rows
    found = Found(rows, asked.total, 0 if oldest else asked.number, asked.last, size, query_of(call, since))
    return portal.pages.answer(
        portal,
        call,
        "review",
        Text("Review"),
        tab="review",
        found=found,
        passages=[shown(portal, each, zone) for each in found.rows],
        limited=found.total > MAX_COUNTED,
        limit=MAX_COUNTED,
        partial=asked.partial,
        wrong=wrong,
        scanned=MOST_SCANNED,
        lists=portal.store.lists(),
        chosen_list=call.number("list", 0, 0, 2**62),
        sizes=PAGE_SIZES,
        since=since,
        spans=spans(call, portal.clock.now(), zone),
        filters=filters(portal, call),
        unfiltered=_without(call, FILTERS),
        **_offered(portal, narrowed(portal, call)),
        squares=_squares(portal, call),
        other_view=_other_view(portal, call),
        most_pictures=MOST_PICTURES,
    )


def _offered(portal: Portal, query: PassageQuery) -> dict[str, Any]:
    """What can be chosen of lanes, directions and decisions: those that there are, and what is chosen."""
    kinds = portal.store.passages.kinds()
    return {
        "query": query,
        "lanes": sorted({each.lane for each in kinds} - {0} | ({query.lane} if query.lane else set())),
        "directions": {name: title for name, title in DIRECTIONS.items() if name},
        "outcomes": OUTCOME_TITLES,
    }


def _without(call: Call, names: Sequence[str]) -> str:
    """The search without these."""
    return urlencode({name: value for name, value in call.query.items() if name not in (*names, "page", "oldest")})


def _squares(portal: Portal, call: Call) -> bool:
    """Whether the pictures stand side by side (SQUARE), as the address or else the settings say."""
    return call.query.get("view", portal.general().view_type) == SQUARE


def _other_view(portal: Portal, call: Call) -> str:
    """The query of this same page in the other view."""
    return urlencode({**call.query, "view": LIST if _squares(portal, call) else SQUARE})


def _passage(portal: Portal, call: Call) -> Answer:
    stored = portal.store.passages.get(call.path["id"])
    if stored is None:
        raise Refused(404, "There is no such passage; perhaps it was deleted.")
    zone = portal.zone()
    deliveries = portal.store.deliveries(DeliveryQuery(passage_id=stored.passage.id, limit=MOST_DELIVERIES))
    beside = portal.store.passages
    return portal.pages.answer(
        portal,
        call,
        "passage",
        stored.passage.plate or Text("Passage"),
        tab="review",
        p=shown(portal, stored, zone),
        box=stored.passage.box,
        size=stored.passage.size,
        reads=reads(portal, stored.passage, zone),
        deliveries=[delivery(portal, each, zone) for each in deliveries] if call.may("audit") else None,
        newer=next(iter(beside(PassageQuery(newer_than=stored.place, limit=1))), None),
        older=next(iter(beside(PassageQuery(older_than=stored.place, limit=1))), None),
        lists=[each for each in portal.store.lists() if each.role not in FIXED_ROLES] if call.may("lists") else [],
    )


TAB = Tab(
    "review",
    "Review",
    2,
    "review",
    (page("review", "review", _page), page("review/passages/<id>", "review", _passage)),
)
