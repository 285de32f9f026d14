"""Peer: an HTTP server that counts what it is told by the key of each message, and fails now and then as real ones do."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "X-Request-Id"


class Peer(ThreadingHTTPServer):
    """`told`: key -> how often; `events`: key -> the event's id. `fails`: share of messages that are taken and then not answered,
    or refused."""

    daemon_threads = True

    def __init__(self, seed: int, fails: float) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.port = int(self.server_address[1])
        self.told: Counter[str] = Counter()
        self.events: dict[str, str] = {}
        self.mixed_up: list[str] = []
        """Keys that came with two events."""
        self.lock = threading.Lock()
        self.fails = fails
        self._random = random.Random(seed)

    def take(self, key: str, event: str) -> str:
        """ "answer", "refuse" or "hang up"."""
        with self.lock:
            chance = self._random.random()
            if chance < self.fails / 2:
                return "refuse"
            self.told[key] += 1
            if self.events.setdefault(key, event) != event:
                self.mixed_up.append(key)
            return "hang up" if chance < self.fails else "answer"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that was killed


class _Answers(BaseHTTPRequestHandler):
    server: Peer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            event = str(json.loads(body)["event_id"])
        except (ValueError, KeyError):
            return self.send_error(400)
        said = self.server.take(self.headers.get(KEY, ""), event)
        if said == "hang up":
            self.close_connection = True
            return
        self.send_response(200 if said == "answer" else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def counting_peer(seed: int, fails: float) -> Iterator[Peer]:
    peer = Peer(seed, fails)
    thread = threading.Thread(target=peer.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        peer.shutdown()
        peer.server_close()
        thread.join()
