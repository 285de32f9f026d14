"""Proxy: the host's own server and proxy in front of the portal's socket, without its log-in."""

from __future__ import annotations

import json
from pathlib import Path

from bottle import Bottle, HTTPResponse

from board.kit.permissions import ROLES
from board.kit.web.routes import Refused
from board.kit.web.visitor import COOKIE, Visitor
from firmware.gateway import proxy as gateway
from firmware.gateway.web import WebServer
from firmware.people.addresses import Addresses


class Proxy:
    """Serves on 127.0.0.1:`port` (0: any free one) as `user` with `role`; both may be changed while it runs. `refused`: the
    answers other than 200, 204, 303 and 304, as "503 /anpr/api/status"."""

    def __init__(self, manager_socket: Path, user: str = "admin", role: str = "admin", port: int = 0) -> None:
        self.user, self.role = user, role
        self.allowed = True
        self.refused: list[str] = []
        self._proxy = gateway.Proxy()
        app = Bottle()

        def forward(path: str) -> HTTPResponse:
            visitor = Visitor(self.user, self.role, ROLES[self.role], COOKIE)
            try:
                answer = self._proxy.forward(manager_socket, visitor, lambda: self.allowed)
            except gateway.PortalDown:
                answer = HTTPResponse(json.dumps({"error": "the portal is down"}), 503)
            except Refused as why:
                answer = HTTPResponse(json.dumps({"error": str(why)}), why.status, dict(why.headers))
            if answer.status_code not in (200, 204, 303, 304):
                self.refused.append(f"{answer.status_code} /{path}")
            return answer

        app.route("/<path:path>", ["GET", "POST", "PUT", "DELETE"], forward)
        self._server = WebServer("127.0.0.1", port, app, Addresses())
        self.address = f"http://127.0.0.1:{self._server.start()}"

    def close(self) -> None:
        self._server.stop()
        self._proxy.close()
