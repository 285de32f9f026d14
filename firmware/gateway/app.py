"""App: the host's pages, API, CGIs and the portals of its packages as one application; who may come in."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import firmware.pages
from board.kit.errors import GatewrightError
from board.kit.registry import find
from board.kit.state import State
from board.kit.web import app
from board.kit.web.exchange import Wsgi
from board.kit.web.menu import Tab
from board.kit.web.render import Templates
from board.kit.web.routes import Answer, Call, Elsewhere, Route, page
from board.kit.words import Text
from board.profiles import all_profiles
from firmware.ftp.service import FtpService
from firmware.gateway import cgi, portals
from firmware.gateway.admission import admit, guard
from firmware.gateway.proxy import Proxy
from firmware.gateway.secure import secured
from firmware.host import TEMPLATES, Host
from firmware.https.service import HttpsService
from firmware.keeping.backups import Backups
from firmware.machine.root import Helper
from firmware.menu import menu
from firmware.network.trial import AddressTrial
from firmware.packages.management import Packages
from firmware.packages.uploads import Uploads
from firmware.people.auth import Auth
from firmware.restart import Restart
from firmware.update.service import HostUpdate

LOG = logging.getLogger("web")


def open_host(
    auth: Auth,
    packages: Packages,
    uploads: Uploads,
    card_present: Callable[[], bool],
    ftp: FtpService,
    https: HttpsService,
    state: State,
    backups: Backups,
    restart: Restart,
    update: HostUpdate,
    helper: Helper,
    profile: str,
    card: str,
) -> Host:
    """The host with every page of firmware/pages in its menu."""
    tabs = find(firmware.pages, "TAB", Tab).values()
    simulated = all_profiles()[profile].simulated
    return Host(
        auth,
        packages,
        uploads,
        card_present,
        Templates(TEMPLATES),
        Proxy(),
        menu(tabs),
        ftp,
        https,
        state,
        backups,
        restart,
        update,
        helper,
        AddressTrial(helper),
        profile,
        simulated,
        card,
    )


def routes() -> tuple[Route[Host], ...]:
    """Every address of the host; those of the packages' portals come last."""
    tabs = find(firmware.pages, "TAB", Tab).values()
    own = (route for tab in tabs for route in (*tab.routes, *_of_forms(tab)))
    return (*own, *cgi.ROUTES, *portals.ROUTES)


def _of_forms(tab: Tab[Host]) -> tuple[Route[Host], ...]:
    """Where the forms of a page go is no page: whoever logs in after sending one, changes the language of its answer or types the
    address again finds the page."""
    shown = {route.path for route in tab.routes if route.method == "GET"}
    forms = (route for route in tab.routes if route.is_page and route.method == "POST" and route.path not in shown)
    return tuple(page(route.path, tab.permission, partial(_page_of, tab.name if tab.name in shown else "")) for route in forms)


def _page_of(path: str, host: Host, call: Call) -> Answer:
    raise Elsewhere(f"/{path}")


def build(host: Host) -> Wsgi:
    """The WSGI application."""
    return secured(host, app.build(app.Site(host, "/", admit, guard, _error_page, LOG), routes()))


def _error_page(host: Host, call: Call, why: GatewrightError, status: int) -> Answer:
    return host.page(call, "message", Text("Not found") if status == 404 else Text("Not possible"), status=status, text=why)
