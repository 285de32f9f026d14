"""Server: the portal as HTTP over the Unix socket STATE/run/manager.sock, several requests at a time."""

from __future__ import annotations

from contextlib import suppress

import webui.tabs
from board.kit.clock import Clock
from board.kit.errors import GatewrightError
from board.kit.files import private_folder
from board.kit.registry import find
from board.kit.sockets import bound_at
from board.kit.state import State
from board.kit.web import server as web
from board.kit.web.heads import Head
from board.kit.web.limits import Limits, Share, memory_bytes, streams_for
from board.kit.web.menu import Tab
from board.profiles import load
from engine.actions import find_kinds
from engine.exchange.kinds import find_jobs
from engine.settings import LprSettings
from engine.store import Store
from engine.stored_pictures import stored_pictures
from webui.app import build
from webui.downloads import Downloads
from webui.focus import focus_region
from webui.live.feed import Feed
from webui.live.newest_picture import SMALL_WIDTHS_PX, WIDTHS_PX, Picture
from webui.live.pictures import Pictures
from webui.page_layout import PageLayout
from webui.portal import Portal
from webui.risks import Risks
from webui.service_client import ServiceClient
from webui.uploads import Uploads
from webui.view.live import Documents

LIMITS = Limits(threads=6, connections=128, streams=streams_for(memory_bytes()), max_body_bytes=64 << 20)


def open_portal(state: State) -> tuple[Portal, tuple[Tab[Portal], ...]]:
    """The portal on this state folder, with every tab of webui/tabs."""
    tabs = tuple(find(webui.tabs, "TAB", Tab).values())
    clock = Clock()
    profile = load(state)
    store, service = Store(state.database, clock), ServiceClient(state)
    picture = Picture(state.frames, SMALL_WIDTHS_PX if profile.small else WIDTHS_PX)
    portal = Portal(
        state=state,
        clock=clock,
        profile=profile,
        store=store,
        kinds=find_kinds(),
        service=service,
        feed=Feed(state, clock, service),
        picture=picture,
        pictures=Pictures(picture, clock, lambda: focus_region(store.settings(LprSettings))),
        pages=PageLayout(tabs),
        jobs=find_jobs(),
        uploads=Uploads(state),
        downloads=Downloads(),
        risks=Risks(store),
        stored_pictures=stored_pictures(state),
    )
    portal.feed.show(Documents(portal))
    if state.portal_files.is_dir():
        with suppress(OSError):  # earlier releases kept the logo from the host, so that no backup had it and none could be restored
            private_folder(state.portal_files)
    return portal, tabs


class Server:
    """The portal on its Unix socket; one user gets at most all but one of the threads."""

    def __init__(self, state: State, portal_and_tabs: tuple[Portal, tuple[Tab[Portal], ...]]) -> None:
        self._portal, tabs = portal_and_tabs
        self._socket_path = state.manager_socket
        self._application = build(self._portal, tabs)
        self._server: web.Server | None = None

    def start(self) -> None:
        """Listens when this returns; GatewrightError when the socket cannot be made."""
        try:
            listener = bound_at(self._socket_path)
        except OSError as why:
            raise GatewrightError("{socket_path}: {why}", socket_path=self._socket_path, why=why) from why
        self._server = web.Server(listener, self._application, LIMITS, shares=_shares)
        self._server.start()

    def alive(self) -> bool:
        """False when one of the server's threads has ended by itself."""
        return self._server is not None and self._server.alive()

    def stop(self) -> None:
        """Ends requests in progress and removes the socket."""
        if self._server is not None:
            self._server.stop()
        self._portal.close()
        self._socket_path.unlink(missing_ok=True)


def _shares(head: Head, address: str) -> tuple[Share, ...]:
    """The host says who asks."""
    return (web.address_share(LIMITS, f"of {head.headers.get('x-gatewright-user', '')}"),)
