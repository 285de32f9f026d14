"""Sockets: addresses of Unix sockets below STATE, whatever the length of its path; peers with several addresses, and TCP peers that
lost their power."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from board.kit.files import private_in

T = TypeVar("T")


@contextmanager
def short_address(path: Path) -> Iterator[str]:
    """An address for `path` that fits a Unix socket, whatever the length of STATE; OSError when its folder is not there."""
    # A Unix socket's address ends at 107 bytes; through an open folder any STATE path is short enough.
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def bound_at(path: Path, kind: int = socket.SOCK_STREAM, for_all: bool = False) -> socket.socket:
    """A Unix socket at `path` that does not listen yet, for our user alone or, where users share the folder (`private_in`), for our
    group (`for_all`: for all of these users); one that was left there is replaced. OSError when it cannot be made."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, kind)
    try:
        with short_address(path) as name:
            sock.bind(name)
        mode = private_in(path.parent)
        if mode != 0o600 and not for_all:
            os.chown(path, -1, os.getgid())  # not the folder's: who may connect is in the group of whom it belongs to
        path.chmod(mode)
    except OSError:
        sock.close()
        raise
    return sock


def listener_at(path: Path, backlog: int) -> socket.socket:
    """The same, listening and never blocking."""
    listener = bound_at(path)
    listener.listen(backlog)
    listener.setblocking(False)
    return listener


def probe(sock: socket.socket, idle_s: int = 30, every_s: int = 10) -> None:
    """Has the kernel ask a silent TCP peer whether it is still there: after `idle_s`, then every `every_s`; the third question
    without an answer ends the connection. A peer that lost its power says nothing, and a machine where nobody has the connection
    any more resets it."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, idle_s), (socket.TCP_KEEPINTVL, every_s), (socket.TCP_KEEPCNT, 3)):
        sock.setsockopt(socket.IPPROTO_TCP, option, value)


def in_turn(addresses: Iterable[str], attempt: Callable[[str], T]) -> T:
    """What `attempt` gives for the first address where it raises no OSError; else the last one of these: a name may lead to IPv6
    first, where nobody listens."""
    problem = OSError()
    for address in addresses:
        try:
            return attempt(address)
        except OSError as why:
            problem = why
    try:
        raise problem
    finally:
        del problem  # it and this frame would keep each other, with all that the callers hold, until Python's collector comes
