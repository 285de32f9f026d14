"""Review tab: search the stored passages, look at their pictures and download them (manual 4.3)."""

from __future__ import annotations

from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, page
from engine.store.queries import MAX_ROWS
from webui.portal import Portal
from webui.view.passages import passage_query, shown
from webui.view.search import PAGE_SIZES, midnight, page_of


def _page(portal: Portal, call: Call) -> Answer:
    zone = portal.zone()
    found = page_of(portal.store.passages(passage_query(portal, call, zone)), call)
    return portal.pages.answer(
        portal,
        call,
        "review",
        "Review",
        tab="review",
        found=found,
        passages=[shown(portal, each, zone) for each in found.rows],
        limited=found.total == MAX_ROWS,
        limit=MAX_ROWS,
        lists=portal.store.lists(),
        chosen_list=call.number("list", 0, 0, 2**62),
        sizes=PAGE_SIZES,
        since=call.query.get("from", midnight(portal.clock.now(), zone)),
        zone=portal.general().time_zone,
    )


TAB = Tab("review", "Review", 2, "review", (page("review", "review", _page),))
