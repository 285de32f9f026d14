"""Viewers: the connections whose answers are streams; the server's loop sends each what its source has, as fast as it takes it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

from board.kit.loop import READ, WRITE, Loop
from board.kit.web.connections import Connection, Phase
from board.kit.web.limits import Limits
from board.kit.web.streams import Source

STALLED_S = 20.0
"""A viewer that takes nothing for this long is disconnected."""
BUFFER_BYTES = 64 << 10
"""What the kernel keeps for a viewer: a picture must not wait behind old ones."""
PIECES_AT_ONCE = 4
"""Then the others have their turn."""


class Viewers:
    """`safely(client, work)` ends a client whose work fails; `answered(client)`: its stream is over and `out` is to be sent.
    `register` is for any thread, everything else for the loop's."""

    def __init__(
        self,
        loop: Loop,
        limits: Limits,
        safely: Callable[[Connection, Callable[[Connection], None]], None],
        answered: Callable[[Connection], None],
    ) -> None:
        self._loop = loop
        self._limits = limits
        self._safely = safely
        self._answered = answered
        self._lock = threading.Lock()
        self._sources: dict[Connection, Source] = {}

    def register(self, client: Connection, source: Source) -> bool:
        """Takes a place; False when there is none. `leave` gives it back."""
        with self._lock:
            same = sum(other.key == client.key for other in self._sources)
            if len(self._sources) >= self._limits.streams or (client.key and same >= self._limits.streams_per_address):
                return False
            self._sources[client] = source
            return True

    def begin(self, client: Connection) -> None:
        assert client.source is not None
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        client.source.attach(lambda: self._loop.call(lambda: self._safely(client, self.pump)))
        self.pump(client)

    def ready(self, client: Connection, events: int) -> None:
        """What a viewer sends is not read as a request; only its end counts."""
        if events & READ and client.receive(4096) == b"":
            raise ConnectionResetError("the viewer has gone")
        self.pump(client)

    def pump(self, client: Connection) -> None:
        """Sends what the source has, as far as the viewer takes it."""
        source = client.source
        if source is None or client.phase is not Phase.STREAM:
            return
        for _ in range(PIECES_AT_ONCE):
            if client.out:
                if client.send_some():
                    client.due_s = time.monotonic() + STALLED_S
                if client.out:
                    break
            piece = source.next()
            if piece is None:
                client.due_s = time.monotonic() + STALLED_S
                self._watch(client, READ)
                self._watch_source(client, True)
                return
            if not piece:
                self._end(client)
                return
            client.out = memoryview(b"%x\r\n%b\r\n" % (len(piece), piece) if client.frames else piece)
        self._watch_source(client, False)
        self._watch(client, READ | WRITE)

    def leave(self, client: Connection) -> None:
        """Nothing more is sent of the source; for a connection without one, nothing happens."""
        self._watch_source(client, False)
        with self._lock:
            source = self._sources.pop(client, None)
        client.source = None
        if source is not None:
            source.close()

    def _end(self, client: Connection) -> None:
        self.leave(client)
        if client.frames:
            client.out = memoryview(b"0\r\n\r\n")
        self._answered(client)

    def _watch(self, client: Connection, events: int) -> None:
        self._loop.watch(client.sock, events, lambda ready: self._safely(client, lambda client: self.ready(client, ready)))

    def _watch_source(self, client: Connection, wanted: bool) -> None:
        """A source that is a socket itself is watched while there is nothing to send."""
        if client.watched is None and wanted and hasattr(client.source, "fileno"):
            client.watched = client.source
            self._loop.watch(client.watched, READ, lambda ready: self._safely(client, self.pump))
        elif client.watched is not None and not wanted:
            self._loop.watch(client.watched, 0, lambda ready: None)
            client.watched = None
