"""Web: the server that runs the host's application (firmware/gateway/app.py)."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from board.kit.errors import GatewrightError
from board.kit.web.exchange import Wsgi
from board.kit.web.heads import Head
from board.kit.web.limits import Addresses, Limits, Share, memory_bytes, streams_for
from board.kit.web.listeners import tcp_listener_or_instead
from board.kit.web.server import Server, address_share
from firmware.keeping.backups import MAX_BACKUP_BYTES
from firmware.packages.manifest import CGIS
from firmware.packages.uploads import FORM_BYTES

if TYPE_CHECKING:
    import ssl

LOG = logging.getLogger("web")

INSTEAD = 8080
"""Where it listens when its port is taken, or this user may not have it: the first free one from here on."""
STREAMS = streams_for(memory_bytes())
LIMITS = Limits(
    threads=10,
    parked=64,
    parked_s=630.0,  # an ONVIF client may let a pull wait for ten minutes
    streams=STREAMS,
    streams_per_address=STREAMS,
    max_body_bytes=MAX_BACKUP_BYTES + 2 * FORM_BYTES,
)  # many who watch may sit behind one address
_OWN = (
    "/login",
    "/logout",
    "/password",
    "/language",
    "/setup/",
    "/api/",
    "/cgi-bin/admin/vadpctrl.cgi",
    "/cgi-bin/admin/upload_vadp.cgi",
    "/health",
    "/host/",
    "/favicon.ico",
    "/openapi.json",
)
"""Where the host's own pages are. Other CGIs are answered by a package, or asked of one."""


class WebServer:
    """The application on a TCP port."""

    def __init__(self, bind: str, port: int, application: Wsgi, addresses: Addresses) -> None:
        self._bind, self._port = bind, port
        self._application = application
        self._addresses = addresses
        self._server: Server | None = None
        self.port = port

    def start(self) -> int:
        """Listens when this returns; the port: no gate stays shut because another program has the one that was wanted.
        GatewrightError when it cannot."""
        try:
            listener = tcp_listener_or_instead(self._bind, self._port, INSTEAD, "the camera", LOG)
        except OSError as why:
            raise GatewrightError("cannot listen on {bind} port {port}: {why}", bind=self._bind, port=self._port, why=why) from why
        self.port = int(listener.getsockname()[1])
        self._server = Server(listener, self._application, LIMITS, self._addresses, _shares)
        self._server.start()
        return self.port

    def also_at(self, listener: socket.socket, tls: Callable[[], ssl.SSLContext]) -> None:
        """Serves the application there too, encrypted by what `tls` gives each connection."""
        assert self._server is not None
        self._server.also_at(listener, tls)

    def not_at(self, listener: socket.socket) -> None:
        """Does not listen there any more."""
        assert self._server is not None
        self._server.not_at(listener)

    def alive(self) -> bool:
        """False when one of the server's threads has ended by itself."""
        return self._server is not None and self._server.alive()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()


def _shares(head: Head, address: str) -> tuple[Share, ...]:
    """A portal that hangs must not take the threads of the host's own pages, by which it is started again; nor its pages those of
    CGIs, by which programs open gates."""
    own, packages = address_share(LIMITS, address), ("packages", LIMITS.threads - 1)
    if head.path.startswith(_OWN):
        return (own,)
    return (own, packages) if head.path.startswith(CGIS) else (own, packages, ("portal", LIMITS.threads - 3))
