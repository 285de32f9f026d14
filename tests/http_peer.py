"""HTTP peer: a server that answers as a test says, and keeps what it was sent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Reply = tuple[int, dict[str, str], bytes]


class HttpPeer(ThreadingHTTPServer):
    """`answer(request)` gives status, headers and body."""

    daemon_threads = True

    def __init__(self, answer: Callable[[Asked], Reply], host: str) -> None:
        super().__init__((host, 0), _Handler)
        self.answer = answer
        self.got: list[Asked] = []
        self.port = int(self.server_address[1])

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that gave up is part of these tests


class _Handler(BaseHTTPRequestHandler):
    server: HttpPeer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = Asked(self.command, self.path, dict(self.headers), body)
        status, headers, said = self.server.answer(asked)
        if status < 400:
            self.server.got.append(asked)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(said))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def http_peer(answer: Callable[[Asked], Reply], host: str = "127.0.0.1") -> Iterator[HttpPeer]:
    server = HttpPeer(answer, host)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    stopped = False

    def stop() -> None:
        nonlocal stopped
        if not stopped:
            stopped = True
            server.shutdown()
            server.server_close()
            thread.join()

    server.stop = stop  # type: ignore[method-assign]
    try:
        yield server
    finally:
        stop()
