"""App: the host's pages, API, CGIs and the portals of its packages as one application; who may come in."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import quote

import firmware.pages
from board.kit.errors import GatewrightError
from board.kit.registry import find
from board.kit.web import app
from board.kit.web.exchange import Wsgi
from board.kit.web.menu import Tab
from board.kit.web.origin import check
from board.kit.web.people import NO_ONE, Visitor
from board.kit.web.render import Templates
from board.kit.web.routes import PUBLIC, Answer, Call, Elsewhere, Refused, Route
from board.kit.words import Text
from firmware.gateway import cgi, portals
from firmware.gateway.proxy import Proxy
from firmware.host import TEMPLATES, Host
from firmware.packages.management import Packages
from firmware.packages.uploads import Uploads
from firmware.people.auth import Auth

LOG = logging.getLogger("web")

CHOOSES_PASSWORD = ("password", "api/password")
"""All that a first password opens."""


def open_host(auth: Auth, packages: Packages, uploads: Uploads, card_present: Callable[[], bool]) -> Host:
    """The host with every page of firmware/pages in its menu."""
    tabs = find(firmware.pages, "TAB", Tab).values()
    menu = tuple(sorted((tab for tab in tabs if tab.order), key=lambda tab: tab.order))
    return Host(auth, packages, uploads, card_present, Templates(TEMPLATES), Proxy(), menu)


def routes() -> tuple[Route[Host], ...]:
    """Every address of the host; those of the packages' portals come last."""
    own = (route for tab in find(firmware.pages, "TAB", Tab).values() for route in tab.routes)
    return (*own, *cgi.ROUTES, *portals.ROUTES)


def build(host: Host) -> Wsgi:
    """The WSGI application."""
    return app.build(app.Site(host, "/", _admit, _guard, _error_page, LOG), routes())


def _admit(host: Host, call: Call, route: Route[Host]) -> Visitor:
    """Whoever is not logged in is led to the log-in or asked for a password; who must choose a password can do nothing else."""
    if route.permission == PUBLIC:
        return host.auth.by_session(call) or NO_ONE
    visitor = host.auth.visitor(call)
    shows_page = app.shows_page(call, route)
    if visitor is None:
        if shows_page:
            raise Elsewhere(f"/login?next={quote(call.address, safe='/')}")
        raise Refused(401, "Log in first.", headers=() if call.header("X-Requested-With") else host.auth.challenge)
    if visitor.must_change and route.path not in CHOOSES_PASSWORD:
        if shows_page:
            raise Elsewhere("/password")
        raise Refused(403, "Choose a password of your own first.")
    return visitor


def _guard(host: Host, call: Call) -> None:
    check(call, call.visitor, host.auth.front)


def _error_page(host: Host, call: Call, why: GatewrightError, status: int) -> Answer:
    return host.page(call, "message", Text("Not found") if status == 404 else Text("Not possible"), status=status, text=why)
