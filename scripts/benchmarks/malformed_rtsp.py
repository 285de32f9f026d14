"""Malformed RTSP: connections with input of which something is not as it should be, at video's server in this process."""

from __future__ import annotations

import os
import random
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from board.kit.clients import Clients
from board.kit.loop import Loop
from board.kit.people import CheckDigest, CheckPassword, CheckToken, Nobody, People, Person
from board.kit.state import State
from engine.log_in import NEEDED, LogIn, Question, Unchecked
from engine.video.documents import Documents
from engine.video.plan import JPEG_STREAMS
from engine.video.sdp import METADATA, METADATA_TRACK
from engine.video.server import Offer, Server
from engine.video.sources import Source
from scripts.benchmarks.malformed import rtsp_input

AT_ONCE = 20
"""Connections that are open together."""
URL = "rtsp://127.0.0.1:8554/main"
SEED = 11


def measure(inputs: int) -> dict[str, object]:
    """{"inputs", "a_second", "adds_mb" (10^6 bytes, after the first tenth), "adds_descriptors", "left" (connections), "answers":
    {status: how many}}. Every second log-in is taken for right, so that strangers
    reach all methods."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0), backlog=AT_ONCE) as listener:
        return _Storm(State(Path(folder)), listener, inputs).run()


class _EverySecond(LogIn):
    """Reads each log-in as the camera does, and takes every second one for right."""

    def __init__(self, state: State, loop: Loop) -> None:
        super().__init__(People(state.people_socket), loop)
        self._asked = 0

    def question(
        self, authorization: str, method: str, address: str, is_target: Callable[[str], bool]
    ) -> CheckPassword | CheckDigest | CheckToken | None:
        self._asked += 1
        found = super().question(authorization, method, address, is_target)
        return found if self._asked % 2 else CheckToken("", address)

    def ask(self, question: Question, then: Callable[[Person | Nobody | Unchecked], None]) -> None:
        then(Nobody() if self._asked % 2 else Person("recorder", (NEEDED,)))


class _Storm:
    def __init__(self, state: State, listener: socket.socket, inputs: int) -> None:
        self._loop = Loop()
        self._listener = listener
        self._inputs = inputs
        self._stop = threading.Event()
        self._draw = random.Random(SEED)
        self._open: list[socket.socket] = []
        self._sent = 0
        self._answers: Counter[str] = Counter()
        self._before = (0.0, 0)
        sources = {stream.name: Source(stream, state.frames, self._loop) for stream in JPEG_STREAMS}
        extra = {METADATA: Offer(METADATA_TRACK, Documents())}
        self._server = Server(self._loop, _EverySecond(state, self._loop), Clients(state, "video"), sources, extra, AT_ONCE)
        self._sources = sources

    def run(self) -> dict[str, object]:
        began_s = time.monotonic()
        self._loop.run(self._stop, 0.0, self._turn)
        took_s = time.monotonic() - began_s
        left = self._server.open
        self._server.close()
        for source in self._sources.values():
            source.close()
        after = _memory_mb(), _descriptors()
        self._loop.close()
        return {
            "inputs": self._sent,
            "a_second": round(self._sent / took_s),
            "adds_mb": round(after[0] - self._before[0], 1),
            "adds_descriptors": after[1] - self._before[1],
            "left": left,
            "answers": dict(sorted(self._answers.items())),
        }

    def _turn(self) -> None:
        for sock in self._open:
            with suppress(OSError):
                self._answers[sock.recv(4_096, socket.MSG_DONTWAIT)[9:12].decode("ascii")] += 1
            sock.close()
        self._open.clear()
        if self._sent >= self._inputs:
            self._stop.set()
            return
        for _ in range(AT_ONCE):
            self._send()
        if self._sent % 1_000 == 0:
            self._server.turn()
        if not self._before[1] or self._sent <= self._inputs // 10:
            self._before = _memory_mb(), _descriptors() - len(self._open) - self._server.open

    def _send(self) -> None:
        client = socket.create_connection(self._listener.getsockname())
        peer, _ = self._listener.accept()
        self._server.take(peer)
        with suppress(OSError):
            client.sendall(rtsp_input(self._draw, URL))
        self._open.append(client)
        self._sent += 1


def _memory_mb() -> float:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
