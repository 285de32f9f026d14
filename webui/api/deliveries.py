"""Deliveries: every action that was carried out, failed, expired or was withheld (manual 4.7, Audit tab)."""

from __future__ import annotations

from collections.abc import Iterator

from board.kit.web.routes import Answer, Call, Query, api, data, download, number, said, text
from board.kit.words import ENGLISH, Language
from engine.store import DeliveryQuery
from engine.store.queries import MAX_ROWS
from engine.store.transfers import DIRECTIONS
from webui.portal import Portal
from webui.spreadsheet import WORKBOOK, comma_separated, sheet
from webui.view import changes, shapes, transfers
from webui.view.deliveries import HEADINGS, cells, delivery_query, shown, transfer_query


def _rows(portal: Portal, call: Call, language: Language, for_programs: bool = False) -> Iterator[list[object]]:
    """All that the search finds, said in `language`; `for_programs`: by the names and values that are stored."""
    zone, kind = portal.zone(), call.query.get("kind", "")
    if kind in changes.KINDS:
        return (changes.cells(each, language.translate, for_programs) for each in changes.rows(portal, call, zone, kind))
    if kind in DIRECTIONS:
        told = portal.store.transfers(transfer_query(portal, call, zone))
        return (transfers.cells(transfers.row(portal, each, zone), language) for each in told)
    found = portal.store.deliveries(delivery_query(portal, call, zone))
    return (cells(shown(portal, each, zone), language, for_programs) for each in found)


def _headings(call: Call) -> tuple[str, ...]:
    return changes.HEADINGS if call.query.get("kind", "") in changes.KINDS else HEADINGS


def _workbook(portal: Portal, call: Call) -> Answer:
    return sheet("audit.xlsx", [call.language.translate(each) for each in _headings(call)], _rows(portal, call, call.language))


def _csv(portal: Portal, call: Call) -> Answer:
    return comma_separated("audit.csv", _headings(call), _rows(portal, call, ENGLISH, True))


class DeliveriesQuery(Query):
    state: str = text(20, "pending, done, failed, expired or withheld.")
    kind: str = text(40, "A kind of action, such as io.")
    passage: str = text(60, "The id of a passage.")
    after: int = number(0, 0, 2**62, "What came next after this `newest`: asked again and again, none is missed.")
    limit: int = number(100, 1, MAX_ROWS, "At most so many.")


def _deliveries(portal: Portal, call: Call[DeliveriesQuery]) -> Answer:
    zone, asked = portal.zone(), call.query
    query = DeliveryQuery(state=asked.state, kind=asked.kind, passage_id=asked.passage, after_rowid=asked.after, limit=asked.limit)
    found = portal.store.deliveries(query)
    newest = max((each.rowid for each in found), default=asked.after)
    deliveries = [shown(portal, each, zone) for each in found]
    return data(said(shapes.Deliveries(newest=newest, deliveries=deliveries), call.language))


ROUTES = (
    download("audit/audit.xlsx", "audit", _workbook, "What actions did, as a search finds it, as a workbook.", reply=WORKBOOK),
    download("audit/audit.csv", "audit", _csv, "The same as CSV, for programs.", reply="text/csv"),
    api(
        "GET",
        "api/deliveries",
        "audit",
        _deliveries,
        "What actions did, newest first.",
        query=DeliveriesQuery,
        reply=shapes.Deliveries,
    ),
)
