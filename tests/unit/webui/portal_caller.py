"""Portal caller: a portal on a folder of its own, asked as the host's proxy asks, without sockets between."""

from __future__ import annotations

import copy
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import webui.tabs
from board.kit.registry import find
from board.kit.state import State
from board.kit.web.menu import Tab
from board.kit.web.streams import STREAM, Source
from engine.settings import LprSettings
from webui.app import build
from webui.portal import Portal
from webui.server import open_portal


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Caller:
    """`get` and `send` as a user with a role; the first access is done unless `fresh`."""

    def __init__(self, folder: Path, fresh: bool = False) -> None:
        self.state = State(folder)
        self.state.run.mkdir(parents=True)
        portal, tabs = open_portal(self.state)
        self.portal: Portal = portal
        self._app = build(portal, tabs)
        self.streams: list[Source] = []
        """Those that were opened; `close` ends them."""
        self.has_room = True
        if not fresh:
            portal.store.settings.put(LprSettings(region="Europe", countries=("DE",)), "admin")

    def with_portal(self, portal: Portal) -> Caller:
        """The same camera, asked through another portal object; this one closes it."""
        other = copy.copy(self)
        other.portal, other._app = portal, build(portal, tuple(find(webui.tabs, "TAB", Tab).values()))
        return other

    def close(self) -> None:
        for source in self.streams:
            source.close()
        self.portal.close()

    def _open_stream(self, source: Source) -> bool:
        if self.has_room:
            self.streams.append(source)
        return self.has_room

    def get(self, path: str, role: str = "admin") -> Reply:
        return self.call("GET", path, role)

    def send(self, method: str, path: str, body: object, role: str = "admin", permissions: str | None = None) -> Reply:
        return self.call(method, path, role, json.dumps(body).encode(), permissions=permissions)

    def call(
        self,
        method: str,
        path: str,
        role: str,
        body: bytes = b"",
        content_type: str = "application/json",
        permissions: str | None = None,
        **environ_too: str,
    ) -> Reply:
        address, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": f"/anpr/{unquote_to_bytes(address).decode('latin-1')}",
            "QUERY_STRING": query,
            "SERVER_NAME": "camera",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": content_type,
            STREAM: self._open_stream,
            **environ_too,
        }
        if role:
            environ |= {"HTTP_X_GATEWRIGHT_USER": "anna", "HTTP_X_GATEWRIGHT_ROLE": role}
        if permissions is not None:
            environ |= {"HTTP_X_GATEWRIGHT_ROLE": "", "HTTP_X_GATEWRIGHT_PERMISSIONS": permissions}
        started: list[Any] = []
        parts = self._app(environ, lambda status, headers, exc_info=None: started.append((status, headers)))
        content = b"".join(parts)
        if hasattr(parts, "close"):
            parts.close()
        status, headers = started[-1]
        return Reply(int(status.split()[0]), dict(headers), content)
