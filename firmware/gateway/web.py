"""Web: the host's WSGI application (pages, CGIs, API, proxy of the portal) and the server that runs it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from bottle import Bottle, HTTPResponse, request

from board.kit.errors import GatewrightError
from board.kit.web.exchange import Wsgi
from board.kit.web.heads import Head
from board.kit.web.limits import Addresses, Limits, Share
from board.kit.web.server import Server, address_share, tcp_listener
from firmware import pages
from firmware.gateway import cgi
from firmware.gateway.proxy import PortalDown, Proxy
from firmware.packages.management import Packages
from firmware.packages.uploads import FORM_BYTES, Uploads
from firmware.packages.verify import MAX_ARCHIVE_BYTES
from firmware.pages import Pages
from firmware.people.auth import Auth, answer

LOG = logging.getLogger("web")

LIMITS = Limits(threads=10, max_body_bytes=MAX_ARCHIVE_BYTES + 2 * FORM_BYTES)
_OWN = ("/login", "/logout", "/password", "/setup/", "/api/", "/cgi-bin/", "/health", "/host/", "/favicon.ico", "/openapi.json")
"""Where the host's own pages are."""
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
}


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
            return proxy.forward(socket, visitor, lambda: auth.still(visitor))
        except PortalDown:
            return _down(frame, packages, name, visitor, is_api)

    cgi.routes(app, auth, packages, uploads)
    pages.routes(app, frame, auth, packages, uploads, card_present)
    app.route("/<path:path>", _METHODS, portal)
    app.default_error_handler = _on_error
    return _with_headers(app)


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


def _with_headers(app: Bottle) -> Wsgi:
    """Adds the security headers to every answer."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            present = {name.lower() for name, _ in headers}
            headers.extend((name, value) for name, value in _SECURITY.items() if name.lower() not in present)
            return start_response(status, headers, exc_info)

        answer_parts: Iterable[bytes] = app(environ, start)
        return answer_parts

    return application


class WebServer:
    """The application on a TCP port."""

    def __init__(self, bind: str, port: int, application: Wsgi, addresses: Addresses) -> None:
        self._bind, self._port = bind, port
        self._application = application
        self._addresses = addresses
        self._server: Server | None = None

    def start(self) -> int:
        """Listens when this returns; the port. GatewrightError when it cannot."""
        try:
            listener = tcp_listener(self._bind, self._port)
        except OSError as why:
            raise GatewrightError("cannot listen on {bind} port {port}: {why}", bind=self._bind, port=self._port, why=why) from why
        port: int = listener.getsockname()[1]
        self._server = Server(listener, self._application, LIMITS, self._addresses, _shares)
        self._server.start()
        return port

    def alive(self) -> bool:
        """False when one of the server's threads has ended by itself."""
        return self._server is not None and self._server.alive()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()


def _shares(head: Head, address: str) -> tuple[Share, ...]:
    """A portal that hangs must not take the threads of the host's own pages, by which it is started again."""
    shares = (address_share(LIMITS, address),)
    return shares if head.path.startswith(_OWN) else (*shares, ("portal", LIMITS.threads - 3))
