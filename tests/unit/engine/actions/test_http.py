"""HTTP action: what its options say of themselves; tests/servers/test_http_action.py talks to servers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from engine.actions.http import ACTION, HttpOptions
from tests.samples import ActionPeer, env

pytestmark = pytest.mark.usefixtures("leak_free")


class Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def peer(folder: Path) -> Iterator[ActionPeer]:
    """A server that takes everything, until it is closed."""
    server = HTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    def close() -> None:
        server.shutdown()
        server.server_close()

    yield ActionPeer({"url": f"http://127.0.0.1:{server.server_address[1]}/"}, env(images=folder), close)
    close()
    thread.join()


@pytest.mark.parametrize(
    ("url", "whom"),
    [
        ("http://nvr.example/api", "nvr.example:80"),
        ("https://NVR.example:8443/", "nvr.example:8443"),
        ("https://[2001:db8::1]/", "[2001:db8::1]:443"),
    ],
)
def test_deliveries_to_one_server_share_its_fate(url: str, whom: str) -> None:
    assert ACTION.peer(HttpOptions(url=url)) == whom
