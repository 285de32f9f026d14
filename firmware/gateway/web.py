"""Web: the host's WSGI application (pages, CGIs, API, proxy of the portal) and the cheroot server that runs it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from bottle import Bottle, HTTPResponse, request
from cheroot import wsgi

from board.kit.errors import GatewrightError
from firmware import pages
from firmware.gateway import cgi
from firmware.gateway.proxy import PortalDown, Proxy
from firmware.packages.management import Packages
from firmware.packages.uploads import FORM_BYTES, Uploads
from firmware.packages.verify import MAX_ARCHIVE_BYTES
from firmware.pages import Pages
from firmware.people.auth import Auth, answer

LOG = logging.getLogger("web")

THREADS = 32
SOCKET_TIMEOUT_S = 20
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
}
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def build(auth: Auth, packages: Packages, uploads: Uploads, card_present: Callable[[], bool]) -> Wsgi:
    """The whole application."""
    app = Bottle(catchall=True)
    frame = Pages()
    proxy = Proxy()

    def portal(path: str) -> HTTPResponse:
        here = f"/{path}"
        found = packages.portal(here)
        if found is None:
            auth.page()
            return frame.render(
                "message",
                404,
                auth.visitor(),
                title="Not found",
                text="There is no such page on this camera. If a package should show it, install that package first.",
            )
        name, socket = found
        is_api = "/api/" in here or request.get_header("X-Requested-With") is not None
        visitor = auth.api("view") if is_api else auth.page("view")
        if not here.startswith(f"/{path.split('/')[0]}/"):
            return HTTPResponse("", status=303, headers={"Location": here + "/"})
        try:
            return proxy.forward(socket, visitor)
        except PortalDown:
            return _down(frame, packages, name, visitor, is_api)

    cgi.routes(app, auth, packages, uploads)
    pages.routes(app, frame, auth, packages, uploads, card_present)
    app.route("/<path:path>", _METHODS, portal)
    app.default_error_handler = _on_error
    return _with_limits(app)


def _down(frame: Pages, packages: Packages, name: str, visitor: Any, is_api: bool) -> HTTPResponse:
    status = next((package for package in packages.listing() if package.name == name), None)
    starting = status is not None and status.enabled and status.status == "on"
    broken = status is not None and status.enabled and not starting
    word = "starting" if starting else "in trouble" if broken else "stopped"
    if is_api:
        return answer(503, f"{name} is {word}", {"Retry-After": "2"})
    text = status.message if status is not None else ""
    values = {
        "title": f"{name} is {word}",
        "name": name,
        "text": text,
        "starting": starting,
        "broken": broken,
        "refresh_s": 2 if starting else 5 if broken else 0,
    }
    response = frame.render("down", 503, visitor, **values)
    response.set_header("Retry-After", "2")
    return response


def _on_error(error: Any) -> str:
    """Bottle's own errors (unknown method, a fault of ours) in plain words; the traceback goes to the log only."""
    if error.exception is not None:
        LOG.error("%s %s failed", request.method, request.path, exc_info=error.exception)
        error.set_header("Content-Type", "text/plain; charset=utf-8")
        return "The camera could not do this; its log says why.\n"
    error.set_header("Content-Type", "text/plain; charset=utf-8")
    return f"{error.status_line}\n"


def _with_limits(app: Bottle) -> Wsgi:
    """Adds the security headers and reads what is left of a refused body in pieces (cheroot would take it into memory at once)."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            present = {name.lower() for name, _ in headers}
            headers.extend((name, value) for name, value in _SECURITY.items() if name.lower() not in present)
            _drain(environ["wsgi.input"])
            return start_response(status, headers, exc_info)

        answer_parts: Iterable[bytes] = app(environ, start)
        return answer_parts

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
        self._http = wsgi.Server((bind, port), application, numthreads=THREADS, server_name="gatewright", timeout=SOCKET_TIMEOUT_S)
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
