"""Audit tab: every action that was carried out, failed, expired or was withheld, by date and kind (manual 4.7)."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from engine.store import DeliveryQuery, StoredDelivery
from engine.store.queries import MAX_ROWS
from engine.types import DELIVERY_STATES
from webui.portal import Answer, Call, Portal, Route, Tab, data
from webui.search import PAGE_SIZES, midnight, moment, page_of
from webui.spreadsheet import sheet

ERRORS = ("failed", "expired")

COLUMNS = (
    ("Date and time", "created_local"),
    ("Action", "label"),
    ("Name", "rule_name"),
    ("List", "list_name"),
    ("Plate", "plate"),
    ("State", "state"),
    ("Finished", "finished_local"),
    ("Tries", "attempts"),
    ("What was done or went wrong", "note"),
)


def _query(portal: Portal, call: Call, zone: ZoneInfo) -> DeliveryQuery:
    return DeliveryQuery(
        since=moment(call.query.get("from", midnight(portal.clock.now(), zone)), zone),
        until=moment(call.query.get("to", ""), zone),
        state=call.query.get("state", "")[:20],
        kind=call.query.get("kind", "")[:40],
        limit=MAX_ROWS,
    )


def _row(portal: Portal, stored: StoredDelivery, zone: ZoneInfo) -> dict[str, Any]:
    delivery = stored.delivery
    kind = portal.kinds.get(delivery.kind)
    return {
        "id": delivery.id,
        "created_at": delivery.created_at.isoformat(),
        "created_local": portal.local(delivery.created_at, zone),
        "finished_local": portal.local(delivery.finished_at, zone),
        "kind": delivery.kind,
        "label": kind.label if kind else delivery.kind,
        "rule_name": stored.rule_name or "(deleted)",
        "list_name": stored.list_name,
        "plate": stored.plate,
        "passage_id": delivery.passage_id,
        "state": delivery.state,
        "is_error": delivery.state in ERRORS or (delivery.state == "pending" and delivery.attempts > 0),
        "attempts": delivery.attempts,
        "note": str(delivery.note),
    }


def _page(portal: Portal, call: Call) -> Answer:
    zone = portal.zone()
    found = page_of(portal.store.deliveries(_query(portal, call, zone)), call)
    return portal.pages.answer(
        portal,
        call,
        "audit",
        "Audit",
        tab="audit",
        found=found,
        rows=[_row(portal, each, zone) for each in found.rows],
        limited=found.total == MAX_ROWS,
        limit=MAX_ROWS,
        states=DELIVERY_STATES,
        kinds=portal.kinds,
        sizes=PAGE_SIZES,
        since=call.query.get("from", midnight(portal.clock.now(), zone)),
        zone=portal.general().time_zone,
    )


def _sheet(portal: Portal, call: Call) -> Answer:
    zone = portal.zone()
    rows = [_row(portal, each, zone) for each in portal.store.deliveries(_query(portal, call, zone))]
    return sheet("audit.csv", [heading for heading, _ in COLUMNS], [[row[field] for _, field in COLUMNS] for row in rows])


def _deliveries(portal: Portal, call: Call) -> Answer:
    zone = portal.zone()
    found = portal.store.deliveries(
        DeliveryQuery(
            state=call.query.get("state", "")[:20],
            kind=call.query.get("kind", "")[:40],
            passage_id=call.query.get("passage", "")[:60],
            after_rowid=call.number("after", 0, 0, 2**62),
            limit=call.number("limit", 100, 1, MAX_ROWS),
        )
    )
    newest = max((each.rowid for each in found), default=0)
    return data({"newest": newest, "deliveries": [_row(portal, each, zone) for each in found]})


TAB = Tab(
    "audit",
    "Audit",
    7,
    "admin",
    (
        Route("GET", "audit", "admin", _page),
        Route("GET", "audit/audit.csv", "admin", _sheet),
        Route("GET", "api/deliveries", "admin", _deliveries, "Actions, newest first: `state`, `kind`, `passage`, `after`."),
    ),
)
