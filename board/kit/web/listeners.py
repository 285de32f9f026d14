"""Listeners: sockets on the network for a server of `board/kit/web/server.py`."""

from __future__ import annotations

import errno
import logging
import socket

PORTS_TRIED = 100


def tcp_listener(bind: str, port: int) -> socket.socket:
    """A socket for `Server` on an IPv4 or IPv6 address, "::" for both; OSError when the port is taken or the address is not of this
    machine."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if bind == "::":  # whatever the machine's habit is (net.ipv6.bindv6only)
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((bind, port))
    except OSError:
        listener.close()
        raise
    return listener


def tcp_listener_or_instead(bind: str, port: int, instead: int, what: str, log: logging.Logger) -> socket.socket:
    """As `tcp_listener`; where the port is taken or not permitted, at the first free one of PORTS_TRIED from `instead` on, which
    `log` tells of `what`. OSError of `port` when there is none."""
    try:
        return tcp_listener(bind, port)
    except OSError as why:
        if why.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        taken = why
    for number in range(instead, instead + PORTS_TRIED):
        try:
            found = tcp_listener(bind, number)
        except OSError:
            continue
        log.warning("port %d: %s; %s is at port %d", port, taken.strerror, what, number)
        return found
    raise taken
