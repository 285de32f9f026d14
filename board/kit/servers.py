"""Servers: the addresses at which the package's servers listen, for whoever prints or shows them, and the one they may bind to."""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from board.kit.files import open_shared
from board.kit.from_json import from_json
from board.kit.state import State

log = logging.getLogger("servers")

BIND = "GATEWRIGHT_BIND"
"""Environment: the address that the host's own pages listen on; the package's servers follow it."""


def bind_address() -> str:
    """ "127.0.0.1", "0.0.0.0", "::" ...; "" (every address) for a host that says nothing."""
    return os.environ.get(BIND, "")


PORTS_TRIED = 100


def listen_near(bind: str, port: int, backlog: int) -> socket.socket:
    """Listens on `port` of the address `bind`, or, where another program has that, on the next one that is free; never blocks.
    OSError of `port` when there is none."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    taken: OSError | None = None
    for number in range(port, min(port + PORTS_TRIED, 65_536)):
        try:
            sock = socket.create_server((bind, number), family=family, backlog=backlog, dualstack_ipv6=bind == "::")
        except OSError as why:
            if why.errno != errno.EADDRINUSE:
                raise taken or why from why
            taken = taken or why
            continue
        sock.setblocking(False)
        return sock
    raise taken or OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def url_of(scheme: str, host: str, port: int) -> str:
    """An address at which this machine reaches the server: "tcp://127.0.0.1:11000"."""
    place = "127.0.0.1" if host in ("", "0.0.0.0") else "[::1]" if host == "::" else f"[{host}]" if ":" in host else host
    return f"{scheme}://{place}:{port}"


def announce(state: State, name: str, url: str) -> None:
    """The server `name` ("trigger") listens at `url`; "" when it does not any more. A full disk only keeps it from being shown."""
    try:
        with _alone(state.servers_file) as file:
            found = _parsed(file.read())
            known = {**found, name: url} if url else {key: value for key, value in found.items() if key != name}
            if known != found:
                file.seek(0)
                file.write(json.dumps(known).encode())
                file.truncate()
    except OSError as why:
        log.warning("the address of %s is not shown: %s", name, why)


def read_servers(state: State) -> Mapping[str, str]:
    """{name: address} of the servers that are on."""
    try:
        with state.servers_file.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return _parsed(file.read())
    except OSError:
        return {}


def _parsed(data: bytes) -> Mapping[str, str]:
    try:
        found = from_json(data)
    except ValueError:
        return {}
    return {str(name): str(url) for name, url in found.items()} if isinstance(found, dict) else {}


@contextmanager
def _alone(path: Path) -> Iterator[BinaryIO]:
    """Several processes change the file, each perhaps as a user of its own: one at a time, and in place."""
    with os.fdopen(open_shared(path, os.O_RDWR), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
