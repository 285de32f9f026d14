"""Logs tab: the newest lines of each process's log, and all of it as a zip for support (manual 4.8, Logs tab)."""

from __future__ import annotations

from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, page
from board.kit.words import Text
from webui.portal import Portal
from webui.view.logs import TITLES, log_names


def _page(portal: Portal, call: Call) -> Answer:
    names = log_names(portal)
    chosen = call.query.get("log", "")
    return portal.pages.answer(
        portal,
        call,
        "logs",
        Text("Logs"),
        tab="logs",
        logs=[(name, TITLES.get(name, name)) for name in names],
        chosen=chosen if chosen in names else next(iter(names), ""),
    )


TAB = Tab("logs", "Logs", 8, "logs", (page("logs", "logs", _page),))
