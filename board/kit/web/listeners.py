"""Listeners: sockets on the network for a server of `board/kit/web/server.py`."""

from __future__ import annotations

import socket


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
