"""HTTP on the loop: answers requests on a Unix socket that the host's proxy connects to; one request per connection.

Heads are read as host and portal read them (board/kit/web/heads.py). The rest of their server has threads and routes, which
this process does not need and which would cost it 1.6 MB. Clients keep their connections with the host."""

from __future__ import annotations

import logging
import math
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from board.kit.dataclass import dataclass
from board.kit.loop import READ, WRITE, Loop
from board.kit.sockets import listener_at
from board.kit.web.heads import UNMEASURED, BadRequest, Head, head_end, parse

log = logging.getLogger("vms.http")

MAX_CONNECTIONS = 64
MAX_BODY_BYTES = 65_536
DEADLINE_S = 20.0
"""From the connection to the last byte of the request, and from the answer's first to its last, whatever the client does
meanwhile. How long the answer takes is for who makes it."""
LOOK_S = 1.0
"""How often overdue clients are looked for. A timer for each would hold what it sent until the deadline, long after it has gone."""

PIECE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Request:
    """`path`: decoded, without the query; `headers`: those of a Head (board/kit/web/heads.py); `waits()`: whether whoever asks is
    still connected."""

    method: str
    target: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    waits: Callable[[], bool] = lambda: True


@dataclass(frozen=True, slots=True)
class Reply:
    """`file` is sent instead of `body` and closed afterwards; it holds `length` bytes."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    file: BinaryIO | None = None
    length: int = 0


Answer = Callable[[Request, Callable[[Reply], None]], None]
"""Gives the reply by calling its argument in the loop's thread, at once or later."""


def text(status: int, what: str, *headers: tuple[str, str]) -> Reply:
    return Reply(status, f"{what}\n".encode(), (("Content-Type", "text/plain; charset=utf-8"), *headers))


@dataclass(eq=False, slots=True)
class _Client:
    """A connection, and how far its request and answer are."""

    sock: socket.socket
    came: bytearray = field(default_factory=bytearray)
    head: Head | None = None
    going: bytes | memoryview = b""
    file: BinaryIO | None = None
    answered: bool = False
    closed: bool = False
    due_s: float = math.inf
    """When it is ended, of the monotonic clock: never while its answer is made."""


class HttpServer:
    """Listens at `path` from `start` to `close`."""

    def __init__(self, loop: Loop, path: Path, answer: Answer) -> None:
        self._loop = loop
        self._path = path
        self._answer = answer
        self._clients: set[_Client] = set()

    def start(self) -> None:
        """OSError if the socket cannot be created."""
        self._listener = listener_at(self._path, 128)
        self._loop.watch(self._listener, READ, self._accept)
        self._loop.after(LOOK_S, self._look)

    def close(self) -> None:
        self._loop.watch(self._listener, 0, self._accept)
        self._listener.close()
        for client in list(self._clients):
            self._end(client)
        self._path.unlink(missing_ok=True)

    def _accept(self, events: int) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return  # gone again, or no descriptor is free: the next turn tries again
        if len(self._clients) >= MAX_CONNECTIONS:
            log.warning("%d connections are open, another is turned away", MAX_CONNECTIONS)
            sock.close()
            return
        sock.setblocking(False)
        client = _Client(sock, due_s=time.monotonic() + DEADLINE_S)
        self._clients.add(client)
        self._loop.watch(sock, READ, partial(self._read, client))

    def _look(self) -> None:
        now_s = time.monotonic()
        for client in [each for each in self._clients if each.due_s <= now_s]:
            self._end(client)
        self._loop.after(LOOK_S, self._look)

    def _read(self, client: _Client, events: int) -> None:
        try:
            data = client.sock.recv(PIECE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end(client)
            return
        if client.answered:
            return  # bytes after the request are ignored
        client.came += data
        try:
            whole = self._is_whole(client)
        except BadRequest as why:
            client.answered = True
            self._send(client, "GET", text(why.status, str(why)))
            return
        if whole:
            client.answered = True
            self._handle(client)

    def _is_whole(self, client: _Client) -> bool:
        """Whether the request is complete with its body; BadRequest if it is invalid or too large."""
        if client.head is None:
            end = head_end(client.came)
            if not end:
                return False
            client.head = parse(bytes(client.came[:end]))
            del client.came[:end]
            if client.head.chunked:  # the proxy tells every length
                raise BadRequest(411, UNMEASURED)
            if client.head.length > MAX_BODY_BYTES:
                raise BadRequest(413, "the request is larger than {limit} bytes", limit=MAX_BODY_BYTES)
        return len(client.came) >= client.head.length

    def _handle(self, client: _Client) -> None:
        head = client.head
        assert head is not None
        client.due_s = math.inf
        body = bytes(client.came[: head.length])
        client.came.clear()
        request = Request(head.method, head.target, unquote(head.path), head.headers, body, lambda: not client.closed)
        try:
            self._answer(request, partial(self._send, client, request.method))
        except Exception:
            log.exception("%s %s", request.method, request.path)
            self._send(client, request.method, text(500, "unexpected error; the Vms log says more"))

    def _send(self, client: _Client, method: str, reply: Reply) -> None:
        if client.closed:
            if reply.file is not None:
                reply.file.close()
            return
        length = reply.length if reply.file is not None else len(reply.body)
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}", f"Content-Length: {length}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        client.going = memoryview("\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if method == "HEAD" else reply.body))
        client.file = reply.file
        if method == "HEAD" and client.file is not None:
            client.file.close()
            client.file = None
        self._loop.watch(client.sock, READ | WRITE, partial(self._ready, client))
        client.due_s = time.monotonic() + DEADLINE_S

    def _ready(self, client: _Client, events: int) -> None:
        if events & READ:
            self._read(client, events)
        if events & WRITE and not client.closed:
            self._write(client)

    def _write(self, client: _Client) -> None:
        if not client.going and client.file is not None:
            client.going = memoryview(client.file.read(PIECE_BYTES))
        if not client.going:
            self._end(client)
            return
        try:
            sent = client.sock.send(client.going)
        except BlockingIOError:
            return
        except OSError:
            self._end(client)
            return
        client.going = client.going[sent:]

    def _end(self, client: _Client) -> None:
        if client.closed:
            return
        client.closed = True
        self._clients.discard(client)
        self._loop.watch(client.sock, 0, partial(self._ready, client))
        if client.file is not None:
            client.file.close()
        client.sock.close()
