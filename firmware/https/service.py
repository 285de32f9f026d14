"""Service: HTTPS of the host's web server: its settings, its listener, and who is led to it."""

from __future__ import annotations

import logging
import re
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from board import interfaces
from board.identity import camera_id
from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, GatewrightError
from board.kit.kept import Kept
from board.kit.servers import announce, url_of
from board.kit.settings import check_stored
from board.kit.state import State
from board.kit.web.listeners import tcp_listener_or_instead
from board.kit.words import NOTHING, Text
from firmware.certificates.facts import Names
from firmware.certificates.keeper import Certificates
from firmware.https.settings import ALL, OPEN, HttpsSettings

LOG = logging.getLogger("https")

NAME = "https"
INSTEAD = 8443
"""Where it listens when its port is taken, or this user may not have it: the first free one from here on."""
_HOST = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
HSTS = "max-age=15552000"
"""RFC 6797, 6.1: 180 days."""


class Listens(Protocol):
    """A web server (firmware/gateway/web.py). `port`: of HTTP."""

    port: int

    def also_at(self, listener: socket.socket, tls: Any) -> None: ...

    def not_at(self, listener: socket.socket) -> None: ...


@dataclass(frozen=True, slots=True)
class HttpsStatus:
    """`url`: where it listens, "" while it does not; `problem`: why it does not though it is on, or what else is wrong."""

    url: str = ""
    problem: Text = NOTHING


def _to_nobody(http: int, https: int) -> None:
    pass


class HttpsService:
    """Thread-safe. `bind`: the address on which the camera's pages are; `allowed`: False keeps HTTPS off whatever is set;
    `tell(http, https)`: the network is told at which ports the pages are, 0: nowhere."""

    def __init__(
        self, state: State, bind: str, clock: Clock, allowed: bool = True, tell: Callable[[int, int], None] = _to_nobody
    ) -> None:
        self.certificates = Certificates(state.tls, clock)
        self._state = state
        self._bind = bind
        self._allowed = allowed
        self._changing = threading.Lock()
        self._kept = Kept(state.host / "https.json", _settings, lambda settings: settings.model_dump())
        found = self._kept.read()
        if found.damage is not None:
            LOG.error("%s", found.damage)
        self._settings = found.value or HttpsSettings()
        self._server: Listens | None = None
        self._listener: socket.socket | None = None
        self._port = 0
        self._problem: Text = NOTHING
        self._tell = tell
        self._telling = threading.Lock()

    @property
    def settings(self) -> HttpsSettings:
        return self._settings

    def start(self, server: Listens) -> None:
        """Serves on `server` too; the first time a certificate is made before, beside all else."""
        self._server = server
        threading.Thread(target=self._start, name="https", daemon=True).start()

    def stop(self) -> None:
        """Its server ends with it."""
        with self._changing:
            self._server = None
            if self._port:
                announce(self._state, NAME, "")

    def change(self, settings: HttpsSettings) -> None:
        """From now on it runs so, or not at all; ConfigError when the disk refuses: it is as it was."""
        with self._changing:
            try:
                self._kept.write(settings)
            except OSError as why:
                raise ConfigError("the settings cannot be stored: {reason}", reason=why.strerror) from why
            before, self._settings = self._settings, settings
            if (before.enabled, before.port) != (settings.enabled, settings.port):
                self._shut()
                self._open()
                threading.Thread(target=self._tell_ports, name="ports", daemon=True).start()

    def status(self) -> HttpsStatus:
        if self._settings.enabled and not self._allowed:
            return HttpsStatus("", Text("the camera's host was started without HTTPS (--no-https)"))
        url = url_of("https", self._bind, self._port) if self._port else ""
        if self.certificates.damaged:
            return HttpsStatus(url, Text("the installed certificate is damaged: the camera's own is in force"))
        return HttpsStatus(url, self._problem)

    def own_names(self) -> Names:
        """What the camera's own certificate is for: its names and its addresses of now."""
        name = camera_id(self._state)
        found = [each.address for each in interfaces.interfaces() if each.address]
        names = dict.fromkeys((f"{name}.local", _usable(socket.gethostname()), name))
        return Names(tuple(each for each in names if each), tuple(found))

    def elsewhere(self, environ: Mapping[str, Any], for_programs: bool) -> str:
        """Where a request that came by HTTP is led to, "" when it is served. `for_programs`: its log-in is a program's."""
        leads = self._settings.http
        if not self._port or leads == OPEN or (for_programs and leads != ALL):
            return ""
        found = _HOST.fullmatch(str(environ.get("HTTP_HOST", "")))
        if found is None:
            return ""
        port, asked = "" if self._port == 443 else f":{self._port}", str(environ.get("REQUEST_URI", "/"))
        return f"https://{found[1]}{port}{asked if asked.startswith('/') else '/'}"

    def address(self, name: str) -> str:
        """Where browsers find it that reach the camera by `name`; "" while it does not listen."""
        return f"https://{name}{'' if self._port == 443 else f':{self._port}'}/" if self._port else ""

    @property
    def http_port(self) -> int:
        """Of the pages without encryption."""
        return self._server.port if self._server is not None else 0

    def hsts(self) -> str:
        """The header's value for answers that are encrypted, "" for none."""
        return HSTS if self._settings.hsts else ""

    # --- the listener

    def _start(self) -> None:
        try:
            with self._changing:
                self._open()
        except Exception:  # the thread's top
            LOG.exception("HTTPS does not start")
        self._tell_ports()

    def _tell_ports(self) -> None:
        """The last who tells says how it is then."""
        try:
            with self._telling:
                self._tell(self.http_port, self._port)
        except GatewrightError as why:  # an earlier helper, which does not know how
            LOG.info("the network is not told where the pages are: %s", why)
        except Exception:  # a thread's top
            LOG.exception("the network is not told where the pages are")

    def _open(self) -> None:
        if not self._settings.enabled or not self._allowed or self._server is None or self._port:
            return
        try:
            if not self.certificates.there:
                self.certificates.ensure_own(self.own_names())
            listener = tcp_listener_or_instead(self._bind, self._settings.port, INSTEAD, "HTTPS", LOG)
        except (GatewrightError, OSError) as why:
            self._problem = why.text if isinstance(why, GatewrightError) else Text("{reason}", {"reason": why.strerror or str(why)})
            LOG.error("no HTTPS: %s", why)
            return
        self._problem = NOTHING
        self._listener, self._port = listener, listener.getsockname()[1]
        self._server.also_at(listener, self.certificates.context)
        announce(self._state, NAME, url_of("https", self._bind, self._port))
        LOG.info("HTTPS is at port %d", self._port)

    def _shut(self) -> None:
        if self._listener is not None and self._server is not None:
            self._server.not_at(self._listener)
            announce(self._state, NAME, "")
        self._listener, self._port, self._problem = None, 0, NOTHING


def _settings(document: Any) -> HttpsSettings:
    return check_stored(HttpsSettings, document)


def _usable(name: str) -> str:
    """A host name that may stand in a certificate, else ""."""
    return name if name.isascii() and name.replace("-", "").replace(".", "").isalnum() and len(name) <= 63 else ""
