"""Transfers: exports and imports that took place, by themselves or by hand (manual 4.7, Audit tab)."""

from __future__ import annotations

from board.kit.web.routes import Answer, Call, Query, api, data, number, said, text
from engine.store.queries import MAX_ROWS
from engine.store.transfers import TransferQuery
from webui.portal import Portal
from webui.view import shapes
from webui.view.transfers import shown


class TransfersQuery(Query):
    direction: str = text(10, "export or import.")
    kind: str = text(40, "A kind of job, such as ftp_list, or hand.")
    state: str = text(20, "done or failed.")
    after: int = number(0, 0, 2**62, "What came next after this `newest`: asked again and again, none is missed.")
    limit: int = number(100, 1, MAX_ROWS, "At most so many.")


def _transfers(portal: Portal, call: Call[TransfersQuery]) -> Answer:
    zone, asked = portal.zone(), call.query
    query = TransferQuery(direction=asked.direction, kind=asked.kind, state=asked.state, after_rowid=asked.after, limit=asked.limit)
    found = portal.store.transfers(query)
    newest = max((each.rowid for each in found), default=asked.after)
    return data(said(shapes.Transfers(newest=newest, transfers=[shown(portal, each, zone) for each in found]), call.language))


ROUTES = (
    api(
        "GET",
        "api/transfers",
        "audit",
        _transfers,
        "Exports and imports that took place, newest first.",
        query=TransfersQuery,
        reply=shapes.Transfers,
    ),
)
