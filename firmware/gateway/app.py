"""App: the host's pages, API, CGIs and the portals of its packages as one application; who may come in."""

from __future__ import annotations

import logging
from collections.abc import Callable

import firmware.pages
from board.kit.errors import GatewrightError
from board.kit.registry import find
from board.kit.state import State
from board.kit.web import app
from board.kit.web.exchange import Wsgi
from board.kit.web.menu import Tab
from board.kit.web.render import Templates
from board.kit.web.routes import Answer, Call, Route
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
    own = (route for tab in find(firmware.pages, "TAB", Tab).values() for route in tab.routes)
    return (*own, *cgi.ROUTES, *portals.ROUTES)


def build(host: Host) -> Wsgi:
    """The WSGI application."""
    return secured(host, app.build(app.Site(host, "/", admit, guard, _error_page, LOG), routes()))


def _error_page(host: Host, call: Call, why: GatewrightError, status: int) -> Answer:
    return host.page(call, "message", Text("Not found") if status == 404 else Text("Not possible"), status=status, text=why)
