"""Audit tab: every action that was carried out, failed, expired or was withheld, by date and kind (manual 4.7, Audit tab)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from board.kit.settings import SettingsError
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, page
from board.kit.words import Text
from engine.store.queries import MAX_ROWS
from engine.store.transfers import DIRECTIONS
from engine.types import DELIVERY_STATES
from webui.portal import Portal
from webui.view import changes, transfers
from webui.view.deliveries import delivery_query, shown, transfer_query
from webui.view.search import PAGE_SIZES, midnight, page_of, spans


def _page(portal: Portal, call: Call) -> Answer:
    zone = portal.zone()
    kind = call.query.get("kind", "")
    is_exchange = kind in DIRECTIONS
    rows: Sequence[Any] = []
    wrong = None
    try:
        if kind in changes.KINDS:
            rows = changes.rows(portal, call, zone, kind)
        elif is_exchange:
            rows = portal.store.transfers(transfer_query(portal, call, zone))
        else:
            rows = portal.store.deliveries(delivery_query(portal, call, zone))
    except SettingsError as why:
        wrong = why
    since = call.query.get("from", midnight(portal.clock.now(), zone))
    found = page_of(rows, call, since)
    show: Any = transfers.row if is_exchange else shown
    return portal.pages.answer(
        portal,
        call,
        "audit",
        Text("Audit"),
        tab="audit",
        found=found,
        rows=found.rows if kind in changes.KINDS else [show(portal, each, zone) for each in found.rows],
        are_changes=kind in changes.KINDS,
        other_kinds=changes.KINDS,
        spans=spans(call, portal.clock.now(), zone),
        limited=found.total == MAX_ROWS,
        limit=MAX_ROWS,
        wrong=wrong,
        states=DELIVERY_STATES,
        kinds=portal.kinds,
        sizes=PAGE_SIZES,
        since=since,
    )


TAB = Tab("audit", "Audit", 7, "audit", (page("audit", "audit", _page),))
