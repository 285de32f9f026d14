"""Server: the portal as HTTP over the Unix socket STATE/run/manager.sock, several requests at a time."""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack

from cheroot import wsgi

import webui.tabs
from board.kit.clock import Clock
from board.kit.errors import GatewrightError
from board.kit.registry import find
from board.kit.sockets import short_address
from board.kit.state import State
from board.kit.web.menu import Tab
from board.profiles import load
from engine.actions import find_kinds
from engine.store import Store
from webui.app import build
from webui.pages import Pages
from webui.picture import Picture
from webui.portal import Portal
from webui.service_client import ServiceClient

THREADS = 8


def open_portal(state: State) -> tuple[Portal, tuple[Tab[Portal], ...]]:
    """The portal on this state folder, with every tab of webui/tabs."""
    tabs = tuple(find(webui.tabs, "TAB", Tab).values())
    clock = Clock()
    portal = Portal(
        state=state,
        clock=clock,
        profile=load(state),
        store=Store(state.database, clock),
        kinds=find_kinds(),
        service=ServiceClient(state),
        picture=Picture(state.frames),
        pages=Pages(tabs),
        restart_due=set(),
    )
    return portal, tabs


class Server:
    """cheroot in a thread of its own."""

    def __init__(self, state: State, portal_and_tabs: tuple[Portal, tuple[Tab[Portal], ...]]) -> None:
        portal, tabs = portal_and_tabs
        self._address = ExitStack()
        address = self._address.enter_context(short_address(state.manager_socket))
        self._http = wsgi.Server(address, build(portal, tabs), numthreads=THREADS, server_name="gatewright", timeout=30)
        self._http.error_log = _log  # type: ignore[method-assign]  # cheroot is made to be given one
        self._socket_path = state.manager_socket
        self._store = portal.store
        self._thread = threading.Thread(target=self._http.serve, name="http", daemon=True)

    def start(self) -> None:
        """Listens when this returns; GatewrightError when the socket cannot be made."""
        try:
            self._http.prepare()
        except OSError as why:
            raise GatewrightError("{socket_path}: {why}", socket_path=self._socket_path, why=why) from why
        self._socket_path.chmod(0o600)  # cheroot opens it to everybody
        self._thread.start()

    def alive(self) -> bool:
        """False when the server thread has ended by itself."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ends requests in progress and removes the socket."""
        self._http.stop()
        self._thread.join(5)
        self._store.close()
        self._socket_path.unlink(missing_ok=True)
        self._address.close()


def _log(msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
    logging.getLogger("manager.http").log(level, "%s", msg.strip(), exc_info=traceback)
