"""Listeners: the sockets that a server of `board/kit/web/server.py` listens on."""

from __future__ import annotations

import socket
from pathlib import Path

from board.kit.sockets import short_address


def tcp_listener(bind: str, port: int) -> socket.socket:
    """A socket for `Server` on an IPv4 or IPv6 address; OSError when the port is taken or the address is not of this machine."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((bind, port))
    except OSError:
        listener.close()
        raise
    return listener


def unix_listener(path: Path) -> socket.socket:
    """The same at `path`, for this user only; what is left of an earlier run is replaced."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_address(path) as address:
            listener.bind(address)
        path.chmod(0o600)
    except OSError:
        listener.close()
        raise
    return listener
