"""Review tab: search the stored passages, look at their pictures and download them (manual 4.3, Review tab)."""

from __future__ import annotations

from datetime import UTC, datetime

from board.kit.settings import SettingsError
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, page
from engine.store import MAX_COUNTED, MOST_SCANNED, PassageQuery
from webui.portal import Portal
from webui.view.passages import passage_query, shown
from webui.view.search import PAGE_SIZES, Found, midnight, query_of, size_of

NOTHING = PassageQuery(until=datetime(1, 1, 2, tzinfo=UTC))
"""Finds no passage."""


def _page(portal: Portal, call: Call) -> Answer:
    zone, size = portal.zone(), size_of(call)
    try:
        query, wrong = passage_query(portal, call, zone), None
    except SettingsError as why:
        query, wrong = NOTHING, why
    asked = portal.store.passages.page(query, call.number("page", 1, 1, MAX_COUNTED), size)
    oldest = bool(call.query.get("oldest")) and asked.total > MAX_COUNTED
    rows = portal.store.passages.oldest(query, size) if oldest else asked.rows
    found = Found(rows, asked.total, 0 if oldest else asked.number, asked.last, size, query_of(call))
    return portal.pages.answer(
        portal,
        call,
        "review",
        "Review",
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
        since=call.query.get("from", midnight(portal.clock.now(), zone)),
        zone=portal.general().time_zone,
    )


TAB = Tab("review", "Review", 2, "review", (page("review", "review", _page),))
