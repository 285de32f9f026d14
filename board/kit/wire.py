"""Wire: what crosses a process border: a frozen dataclass as one JSON datagram with its type name, over Unix seqpacket sockets.

Never pickle. Message boundaries are the kernel's (SOCK_SEQPACKET), so there is no framing to get wrong. Sockets lie in
STATE/run, a directory of mode 0700. Images do not travel here: they are files or frames of the ring.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from board.kit.errors import WireError
from board.kit.from_json import from_json
from board.kit.plain import Unfit, from_plain, to_plain
from board.kit.sockets import bound_at, short_address

MAX_MESSAGE_BYTES = 160_000
"""Below the kernel's default socket buffer (212,992 bytes), so that one message always fits."""

SEND_TIMEOUT_S = 5.0
"""A peer that stops reading must not hold its sender forever."""


class PeerGone(WireError):
    """The other side closed the connection, died, or does not read."""


class Codec:
    """Encodes and decodes the given dataclasses; anything else is a WireError."""

    def __init__(self, types: Sequence[type]) -> None:
        self._types: Mapping[str, type] = {kind.__name__: kind for kind in types}

    def encode(self, message: object) -> bytes:
        """One JSON object: {"type": class name, "body": fields}."""
        name = type(message).__name__
        if self._types.get(name) is not type(message):
            raise WireError("message type {name} is not part of this protocol", name=name)
        try:
            document = {"type": name, "body": to_plain(message)}
            data = json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii")
        except (TypeError, ValueError) as why:
            raise WireError("{name} has no JSON form: {why}", name=name, why=why) from why
        if len(data) > MAX_MESSAGE_BYTES:
            raise WireError(
                "{name} of {size} bytes is over the limit of {most}",
                name=name,
                size=len(data),
                most=MAX_MESSAGE_BYTES,
            )
        return data

    def decode(self, data: bytes) -> Any:
        """The dataclass; raises WireError with what was wrong."""
        try:
            document = from_json(data)
        except ValueError as why:
            raise WireError("message is not JSON: {why}", why=why) from why
        if not isinstance(document, dict):
            raise WireError("message is not an object")
        kind = self._types.get(str(document.get("type")))
        if kind is None:
            raise WireError("unknown message type {type!r}", type=str(document.get("type"))[:40])
        try:
            return from_plain(kind, document.get("body"))
        except Unfit as why:
            raise WireError("{type}: {wrong}", type=kind.__name__, wrong=why) from why


class Channel:
    """One connected peer. `send` may be called from several threads; one thread receives.

    `send_timeout_s` 0: a peer whose buffer is full counts as gone at once (for a real-time sender)."""

    def __init__(self, sock: socket.socket, codec: Codec, send_timeout_s: float = SEND_TIMEOUT_S) -> None:
        self._sock = sock
        self._codec = codec
        self._sending = threading.Lock()
        sock.settimeout(send_timeout_s)
        self._readable = select.poll()
        self._readable.register(sock, select.POLLIN)

    def fileno(self) -> int:
        """For a selector; -1 once closed."""
        return self._sock.fileno()

    def send(self, message: object) -> None:
        """Raises PeerGone when the peer is gone or does not read for `send_timeout_s`."""
        data = self._codec.encode(message)
        with self._sending:
            try:
                self._sock.send(data)
            except OSError as why:
                raise PeerGone("peer is gone: {why}", why=why) from why

    def receive(self, timeout_s: float | None = None) -> Any | None:
        """The next message; None when `timeout_s` is over; PeerGone when the peer is gone, WireError when it talks nonsense."""
        if not self._readable.poll(None if timeout_s is None else max(0, round(timeout_s * 1000))):
            return None
        try:
            try:
                data = self._sock.recv(MAX_MESSAGE_BYTES)
            except ConnectionResetError:  # it left something unread; what it had said before lies there all the same
                data = self._sock.recv(MAX_MESSAGE_BYTES)
        except OSError as why:
            raise PeerGone("peer is gone: {why}", why=why) from why
        if not data:
            raise PeerGone("peer closed the connection")
        return self._codec.decode(data)

    def end(self) -> None:
        """Nothing more goes out or comes in; what has come already is still received, and then the peer is gone."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the peer closed first

    def close(self) -> None:
        """Wakes a receiver of this side too."""
        self.end()
        self._sock.close()


def listen(path: Path) -> socket.socket:
    """A listening socket at `path`; a stale one is replaced. `accept` takes its clients."""
    sock = bound_at(path, socket.SOCK_SEQPACKET)
    sock.listen(16)
    return sock


def accept(sock: socket.socket, codec: Codec, send_timeout_s: float = SEND_TIMEOUT_S) -> Channel:
    """The next client; OSError when `sock` was closed."""
    peer, _ = sock.accept()
    return Channel(peer, codec, send_timeout_s)


def connect(path: Path, codec: Codec) -> Channel:
    """A channel to the process that listens at `path`; WireError when nobody does, or takes nobody in for 5 s."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # A full listen queue holds a connect for ever; with Python's own time-out it would fail at once.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(SEND_TIMEOUT_S), 0))
    try:
        with short_address(path) as name:
            sock.connect(name)
    except OSError as why:
        sock.close()
        raise WireError("{name} does not answer: {why}", name=path.name, why=why) from why
    return Channel(sock, codec)
