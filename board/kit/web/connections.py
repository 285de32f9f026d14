"""Connections: one client's connection; it belongs to the server's loop or to one worker, never to both."""

from __future__ import annotations

import select
import socket
import struct
import time
from contextlib import suppress
from enum import Enum
from typing import Any

from board.kit.web.chunks import Chunks
from board.kit.web.heads import Head
from board.kit.web.limits import Limits
from board.kit.web.streams import Parked, Source


class Phase(Enum):
    """What a connection is at. All but WORK are the loop's."""

    HANDSHAKE = "agreeing on keys"
    HEAD = "waiting for a request"
    BODY = "receiving a small body"
    QUEUE = "waiting for a thread"
    WORK = "a thread's"
    FLUSH = "sending the rest of an answer"
    DRAIN = "reading what nobody wants"
    STREAM = "streaming"
    PARKED = "waiting for another server"


WAITING = (Phase.HANDSHAKE, Phase.HEAD, Phase.BODY, Phase.FLUSH, Phase.DRAIN)
"""Phases of a connection that may be closed to make room."""


class TooSlow(OSError):
    """The client sends or reads more slowly than the limits allow."""


class Connection:
    """`address`: who is connected, "" on a Unix socket; `key`: what it is counted as; `since_s`: when its phase began; `due_s`: by
    when it must end, both monotonic; `left`: bytes of the request's body that are still to come from the socket or `buffer`;
    `chunks`: a body in chunks, while it comes; `cut`: the client closed before; `out`: bytes of the answer that the socket did
    not take yet; `frames`: its stream is sent in chunks of HTTP; `watched`: the source of its stream, while the loop waits for
    it; `parked`: what its request waits for; `abandoned`: nothing more is sent; `awaited`: a thread waits for what the client
    sends or takes."""

    __slots__ = (
        "abandoned",
        "address",
        "awaited",
        "buffer",
        "chunks",
        "cut",
        "due_s",
        "frames",
        "head",
        "keep",
        "key",
        "left",
        "out",
        "parked",
        "phase",
        "port",
        "since_s",
        "sock",
        "source",
        "watched",
    )  # fmt: skip
    secure = False
    """It is encrypted (tls.py)."""

    def __init__(self, sock: socket.socket, address: str, port: int, key: str) -> None:
        self.sock = sock
        self.address = address
        self.port, self.key = port, key
        self.buffer = bytearray()
        self.out = memoryview(b"")
        self.head: Head | None = None
        self.chunks: Chunks | None = None
        self.phase = Phase.HEAD
        self.since_s = self.due_s = 0.0
        self.left = 0
        self.keep = True
        self.cut = self.frames = False
        self.source: Source | None = None
        self.watched: Any = None
        self.parked: Parked | None = None
        self.abandoned = self.awaited = False

    def handshake(self) -> int:
        """Goes on with what comes before the first request: the events that it waits for, 0 when it is done. OSError: it failed."""
        return 0

    def receive(self, most: int = 16 << 10) -> bytes | None:
        """What is there; b"" when the client closed, None when nothing is there now."""
        try:
            return self.sock.recv(most)
        except BlockingIOError:
            return None

    def decrypted(self) -> int:
        """Bytes that can be received although the kernel has none."""
        return 0

    def send_some(self) -> int:
        """Gives the socket what it takes of `out`; bytes taken."""
        if not self.out:
            return 0
        try:
            sent = self.sock.send(self.out)
        except BlockingIOError:
            return 0
        self.out = self.out[sent:]
        return sent

    def add(self, data: bytes) -> None:
        """Puts `data` behind what is still to be sent."""
        self.out = memoryview(bytes(self.out) + data) if self.out else memoryview(data)

    def abandon(self) -> None:
        """Nothing more is sent, and the kernel forgets what is on its way: for a client that does not read."""
        self.keep, self.out, self.abandoned = False, memoryview(b""), True
        self.left = 0
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass  # it is gone already

    def hang_up(self) -> None:
        """Whoever waits for the client waits no more. From any thread: what encrypts the connection is not touched."""
        with suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def no_more(self) -> None:
        """Tells the client that everything was sent."""
        self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.sock.close()


class Pace:
    """The time that a thread waits for one client: at most what `limits` allow for what the client moves."""

    def __init__(self, client: Connection, event: int, limits: Limits) -> None:
        self._client = client
        self._poll = select.poll()
        self._poll.register(client.sock, event)
        self._limits = limits
        self._left_s = limits.head_s

    def moved(self, count: int) -> None:
        self._left_s = self._limits.patience_s(self._left_s, count)

    def wait(self) -> None:
        """Until the socket is ready; TooSlow when the client had its time."""
        begun_s = time.monotonic()
        self._client.awaited = True
        ready = self._left_s > 0 and self._poll.poll(self._left_s * 1000)
        self._client.awaited = False
        self._left_s -= time.monotonic() - begun_s
        if not ready:
            raise TooSlow("the client is too slow")
