"""Web: the cheroot server that runs the host's application."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from cheroot import wsgi

from board.kit.errors import GatewrightError
from board.kit.web.app import Wsgi
from firmware.packages.uploads import FORM_BYTES
from firmware.packages.verify import MAX_ARCHIVE_BYTES

LOG = logging.getLogger("web")

THREADS = 32
SOCKET_TIMEOUT_S = 20


def with_limits(app: Wsgi) -> Wsgi:
    """Reads what is left of a refused body in pieces (cheroot would take it into memory at once)."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            _drain(environ["wsgi.input"])
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return application


def _drain(body: Any) -> None:
    while getattr(body, "remaining", 0) > 0:
        try:
            if not body.read(min(1 << 16, body.remaining)):
                return
        except OSError:
            return  # the client has gone


class WebServer:
    """cheroot in a thread of its own."""

    def __init__(self, bind: str, port: int, application: Wsgi) -> None:
        self._http = wsgi.Server(
            (bind, port), with_limits(application), numthreads=THREADS, server_name="gatewright", timeout=SOCKET_TIMEOUT_S
        )
        self._http.max_request_header_size = 32 << 10
        self._http.max_request_body_size = MAX_ARCHIVE_BYTES + 2 * FORM_BYTES
        self._http.error_log = _log  # type: ignore[method-assign]  # cheroot is made to be given one
        self._bind = bind
        self._thread = threading.Thread(target=self._http.serve, name="http", daemon=True)

    def start(self) -> int:
        """Listens when this returns; the port. GatewrightError when it cannot."""
        try:
            self._http.prepare()
        except OSError as why:
            raise GatewrightError(
                "cannot listen on {bind} port {bind_addr}: {why}", bind=self._bind, bind_addr=self._http.bind_addr[1], why=why
            ) from why
        self._thread.start()
        port: int = self._http.bind_addr[1]
        return port

    def alive(self) -> bool:
        """False when the server thread has ended by itself."""
        return self._thread.is_alive()

    def stop(self) -> None:
        self._http.stop()
        self._thread.join(5)


def _log(msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
    LOG.log(level, "%s", msg, exc_info=traceback)
