"""Door: the messages between vms, which listens, and video, which serves, over the socket pair between them."""

from __future__ import annotations

import socket

from board.kit.dataclass import dataclass
from board.kit.errors import WireError
from board.kit.wire import MAX_MESSAGE_BYTES, Codec


@dataclass(frozen=True, slots=True)
class Visitor:
    """Comes with the descriptor of a new connection to the RTSP port."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document of the metadata track."""

    text: str


@dataclass(frozen=True, slots=True)
class Serving:
    """From video, about once a second: how many visitors it has taken since its start, and how many are there now."""

    taken: int
    open: int


CODEC = Codec((Visitor, Document, Serving))


def pair() -> tuple[socket.socket, socket.socket]:
    """(vms's end, video's end); neither blocks."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setblocking(False)
    return ends


def send(door: socket.socket, message: object, descriptors: tuple[int, ...] = ()) -> bool:
    """False: the other side is gone, or does not read."""
    try:
        socket.send_fds(door, [CODEC.encode(message)], list(descriptors))
    except (OSError, WireError):
        return False
    return True


def receive(door: socket.socket) -> tuple[object, list[int]] | None:
    """A message and the descriptors that came with it; None: the other side is gone. BlockingIOError: nothing has come."""
    try:
        data, descriptors, _, _ = socket.recv_fds(door, MAX_MESSAGE_BYTES, 4)
    except ConnectionResetError:  # it ended with messages of ours unread
        return None
    return (CODEC.decode(data), descriptors) if data else None
