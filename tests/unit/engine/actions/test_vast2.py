"""VAST2 action: the whole event with its pictures, as our own JSON, to a real HTTP server."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from board.kit.errors import ConfigError, PeerRefused
from board.kit.settings import check
from engine.actions.vast2 import ACTION, Vast2Options
from engine.types import PassageImages
from tests.samples import ActionPeer, env, event


class Taker(BaseHTTPRequestHandler):
    got: list[tuple[str, Any, bytes]]

    def do_POST(self) -> None:
        self.got.append((self.path, self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(404 if self.path == "/nowhere" else 204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def taker() -> Iterator[HTTPServer]:
    """Its class keeps what was posted, for this server alone."""
    server = HTTPServer(("127.0.0.1", 0), type("OneTaker", (Taker,), {"got": []}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def peer(folder: Path) -> Iterator[ActionPeer]:
    """A server that takes everything, until it is closed."""
    with taker() as server:

        def close() -> None:
            server.shutdown()
            server.server_close()

        yield ActionPeer({"host": "127.0.0.1", "port": server.server_port}, env(images=folder), close)


def test_the_event_is_posted_with_its_pictures(tmp_path: Path) -> None:
    (tmp_path / "full.jpg").write_bytes(b"\xff\xd8full")
    seen = event(images=PassageImages(full="full.jpg"))
    with taker() as server:
        options = Vast2Options(host="127.0.0.1", port=server.server_port, authentication="basic", user="u", password="p")
        note = str(ACTION.deliver(seen, options, env(images=tmp_path)))
        [(path, headers, body)] = server.RequestHandlerClass.got  # type: ignore[attr-defined]
    assert note == f"POST http://127.0.0.1:{server.server_port}/lpr answers 204"
    assert (path, headers["Content-Type"], headers["X-Request-Id"]) == ("/lpr", "application/json", "d1")
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"u:p").decode()
    document = json.loads(body)
    assert (document["plate"], base64.b64decode(document["images"][0]["base64"])) == ("HK55EVB", b"\xff\xd8full")


def test_a_server_that_does_not_take_it_is_named() -> None:
    with taker() as server:
        options = Vast2Options(host="127.0.0.1", port=server.server_port, path="/nowhere")
        with pytest.raises(PeerRefused, match=rf"^http://127\.0\.0\.1:{server.server_port}/nowhere answers 404 Not Found$"):
            ACTION.deliver(event(), options, env())


def test_it_says_that_the_document_is_ours() -> None:
    assert ACTION.label == "VAST2 (our JSON)"
    assert ACTION.peer(Vast2Options(host="2001:db8::1", port=8080)) == "[2001:db8::1]:8080"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"path": "lpr"}, "Path: must begin with /"),
        ({"path": "/a b"}, "Path: must be an address"),
        ({"host": "u@h"}, "Host: must be a"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        check(Vast2Options, options)
