"""Downloads: how far a table that is being sent has come, and how it is broken off (manual 4.3, Review tab)."""

from __future__ import annotations

from board.kit.web.routes import Answer, Call, api, data, said
from webui.portal import Portal
from webui.view import shapes

_PATH = "api/downloads/<name>"


def _get(portal: Portal, call: Call) -> Answer:
    found = portal.downloads.get(call.path["name"], call.user)
    told = shapes.Download(state=found.state, rows=found.rows, total=found.total, more=found.more, why=found.why)
    return data(said(told, call.language))


def _cancel(portal: Portal, call: Call) -> Answer:
    portal.downloads.cancel(call.path["name"], call.user)
    return _get(portal, call)


ROUTES = (
    api(
        "GET",
        _PATH,
        "review",
        _get,
        "How far a download of review/passages.xlsx or .csv has come; its name is that of the address's `progress`, 16 to 32 "
        "hexadecimal digits that the caller makes up.",
        reply=shapes.Download,
    ),
    api("DELETE", _PATH, "review", _cancel, "Breaks it off: the connection ends before the next row.", reply=shapes.Download),
)
