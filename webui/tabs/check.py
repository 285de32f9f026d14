"""Check page: how well the camera stands, to be printed for the customer."""

from __future__ import annotations

from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, page
from board.kit.words import Text
from webui.portal import Portal
from webui.view.check import CARS, ENOUGH, check
from webui.view.passages import image_address


def _page(portal: Portal, call: Call) -> Answer:
    newest = portal.store.passages.newest_pictured()
    return portal.pages.answer(
        portal,
        call,
        "check",
        Text("Check of the installation"),
        tab="lpr",
        found=check(portal),
        most=CARS,
        enough=ENOUGH,
        now=portal.clock.now(),
        site=portal.general().site,
        picture=image_address(newest.images.full) if newest else "",
    )


TAB = Tab("check", "Check", 0, "configure", (page("check", "configure", _page),))
