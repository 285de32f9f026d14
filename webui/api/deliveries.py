"""Deliveries: every action that was carried out, failed, expired or was withheld (manual 4.7)."""

from __future__ import annotations

from board.kit.web.routes import Answer, Call, api, data, download
from engine.store import DeliveryQuery
from engine.store.queries import MAX_ROWS
from webui.portal import Portal
from webui.spreadsheet import sheet
from webui.view.deliveries import COLUMNS, delivery_query, shown


def _sheet(portal: Portal, call: Call) -> Answer:
    zone = portal.zone()
    rows = [shown(portal, each, zone) for each in portal.store.deliveries(delivery_query(portal, call, zone))]
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
    return data({"newest": newest, "deliveries": [shown(portal, each, zone) for each in found]})


ROUTES = (
    download("audit/audit.csv", "audit", _sheet),
    api("GET", "api/deliveries", "audit", _deliveries, "Actions, newest first: `state`, `kind`, `passage`, `after`."),
)
