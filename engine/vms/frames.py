"""Frames: gets the newest picture as JPEG from the portal's process, which encodes it once for all viewers (webui/live/).

An encoder here would cost this process 8 MB."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from dataclasses import field
from functools import partial
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.loop import READ, Loop
from board.kit.sockets import short_address
from engine.types import PRESENT_S

log = logging.getLogger("vms.frames")

MOST_AT_ONCE = 8
MOST_BYTES = 4_000_000
PIECE_BYTES = 65_536
WITHIN_S = 5.0

REQUEST = (
    "GET /anpr/api/frame?width={width}&max_age_s={oldest} HTTP/1.0\r\nHost: vms\r\n"
    "X-Gatewright-User: vms\r\nX-Gatewright-Role: viewer\r\nX-Gatewright-Permissions: view\r\n\r\n"
)


@dataclass(eq=False, slots=True)
class _Asked:
    """A picture that was asked for, until it is there."""

    sock: socket.socket
    then: Callable[[bytes], None]
    came: bytearray = field(default_factory=bytearray)
    ended: bool = False


class Frames:
    """Used by the loop's thread."""

    def __init__(self, loop: Loop, portal: Path) -> None:
        self._loop = loop
        self._portal = portal
        self._waiting: set[_Asked] = set()

    def newest(self, width: int, then: Callable[[bytes], None]) -> None:
        """Calls `then` with a JPEG of about that width, b"" if there is none now."""
        if len(self._waiting) >= MOST_AT_ONCE:
            then(b"")
            return
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)
        asked = _Asked(sock, then)
        try:
            with short_address(self._portal) as name:
                sock.connect(name)
            sock.send(REQUEST.format(width=width, oldest=PRESENT_S).encode())
        except OSError as why:
            log.info("no picture: %s", why)
            sock.close()
            then(b"")
            return
        self._waiting.add(asked)
        self._loop.watch(sock, READ, partial(self._read, asked))
        self._loop.after(WITHIN_S, partial(self._end, asked, b""))

    def close(self) -> None:
        for asked in list(self._waiting):
            self._end(asked, b"")

    def _read(self, asked: _Asked, events: int) -> None:
        try:
            data = asked.sock.recv(PIECE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        asked.came += data
        if not data or len(asked.came) > MOST_BYTES:
            self._end(asked, b"" if data else _body(bytes(asked.came)))

    def _end(self, asked: _Asked, picture: bytes) -> None:
        if asked.ended:
            return
        asked.ended = True
        self._waiting.discard(asked)
        self._loop.watch(asked.sock, 0, partial(self._read, asked))
        asked.sock.close()
        asked.then(picture)


def _body(answer: bytes) -> bytes:
    """The picture of a complete, successful answer; b"" for any other."""
    head, end, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    told = next((line.partition(b":")[2].strip() for line in lines if line.lower().startswith(b"content-length:")), b"")
    return body if end and b" 200 " in first + b" " and told == str(len(body)).encode() else b""
