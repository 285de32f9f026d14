"""Live tab: picture, last result, recent passages, board and counters (manual 4.2, Live tab)."""

from __future__ import annotations

from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, page
from board.kit.words import Text
from webui.portal import Portal


def _page(portal: Portal, call: Call) -> Answer:
    return portal.pages.answer(portal, call, "live", Text("Live"), tab="live")


TAB = Tab("live", "Live", 1, "view", (page("live", "view", _page),))
