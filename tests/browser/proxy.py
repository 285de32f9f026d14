"""Proxy: what the host does for the portal, for tests: HTTP on a TCP port to the manager's Unix socket, with user and role."""

from __future__ import annotations

import http.client
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from board.kit.sockets import short_address

STREAMS = ("text/event-stream", "multipart/x-mixed-replace")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("portal", timeout=70)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        with short_address(self._path) as address:
            self.sock.connect(address)


class Proxy:
    """Serves on 127.0.0.1:`port` (0: any free one) as `user` with `role`; both may be changed while it runs."""

    def __init__(self, manager_socket: Path, user: str = "admin", role: str = "admin", port: int = 0) -> None:
        proxy = self
        self.user, self.role = user, role

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name: value for name, value in self.headers.items() if not name.lower().startswith("x-gatewright-")}
                headers |= {"X-Gatewright-User": proxy.user, "X-Gatewright-Role": proxy.role, "Connection": "close"}
                connection = _UnixConnection(manager_socket)
                try:
                    connection.request(self.command, self.path, body or None, headers)
                    answer = connection.getresponse()
                    if answer.getheader("Content-Type", "").startswith(STREAMS):
                        self._stream(answer)
                        return
                    content = answer.read()
                except OSError as why:
                    self.send_error(502, str(why))
                    return
                finally:
                    connection.close()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection", "keep-alive"):
                        self.send_header(name, value)
                if answer.status != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _stream(self, answer: http.client.HTTPResponse) -> None:
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.getheader("Content-Type", ""))
                self.send_header("Connection", "close")
                self.end_headers()
                try:
                    while data := answer.read1(1 << 16):
                        self.wfile.write(data)
                except (OSError, http.client.HTTPException):
                    pass  # one of them has gone

            do_GET = do_POST = do_PUT = do_DELETE = _forward

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
