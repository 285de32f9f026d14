"""App: the portal's tabs, API and files as one application below /anpr/."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import webui.api
from board.kit.errors import GatewrightError
from board.kit.registry import find
from board.kit.web import app
from board.kit.web.exchange import Wsgi
from board.kit.web.menu import Tab
from board.kit.web.routes import KNOWN, Answer, Call, Elsewhere, Route, page
from board.kit.web.visitor import Visitor, visitor_of
from board.kit.words import Text
from webui import cgi, order_age
from webui.page_layout import STATIC
from webui.portal import Portal


def routes(tabs: Sequence[Tab[Portal]]) -> tuple[Route[Portal], ...]:
    """Every address of the portal, below /anpr/."""
    shared: tuple[Route[Portal], ...] = (
        page("", KNOWN, _home),
        *STATIC.routes("static", KNOWN),
    )
    return (*shared, *(route for tab in tabs for route in tab.routes), *api_routes())


def api_routes() -> tuple[Route[Portal], ...]:
    """Those of webui/api."""
    return tuple(route for each in find(webui.api, "ROUTES", tuple).values() for route in each)


def build(portal: Portal, tabs: Sequence[Tab[Portal]]) -> Wsgi:
    """The WSGI application."""
    log = logging.getLogger("manager")
    pages = app.Site(portal, "/anpr/", _admit, _checked_by_host, _error_page, log)
    cgis = app.Site(portal, cgi.ROOT, _admit, cgi.guard, _error_page, log)
    return app.build(pages, routes(tabs), (cgis, cgi.ROUTES))


def _admit(portal: Portal, call: Call, route: Route[Portal]) -> Visitor:
    if route.permission == "open":
        order_age.refuse_late(portal.clock, call.header(order_age.HEADER))
    visitor = visitor_of(call.environ)
    if visitor.by and route.is_page and route.path != "setup" and not portal.lpr().region:
        raise Elsewhere("/anpr/setup")  # manual 3.3, First access: region and countries come before anything else
    return visitor


def _checked_by_host(portal: Portal, call: Call) -> None:
    """The host lets through only what comes from its own pages or from a program; nobody else reaches the portal's socket."""


def _home(portal: Portal, call: Call) -> Answer:
    raise Elsewhere(f"/anpr/{portal.pages.home(call.visitor)}")


def _error_page(portal: Portal, call: Call, why: GatewrightError, status: int) -> Answer:
    return portal.pages.answer(portal, call, "error", Text("Not possible"), status=status, text=why)
