"""Link to the vms process: events for the clients of its servers (engine/vms/broadcasts.py says what goes over it)."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from board.kit.from_json import from_json
from board.kit.sockets import short_address

CONNECT_S = 3.0
MAX_ANSWER_BYTES = 4_096


class VmsLink:
    """A connection to the Unix socket `path`, made when it is needed. Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sock: socket.socket | None = None

    @property
    def connected(self) -> bool:
        """Whether the process is still there."""
        return self._sock is not None and not _has_ended(self._sock)

    def ask(self, head: Mapping[str, Any], body: bytes, within_s: float) -> dict[str, Any]:
        """The answer to one event. OSError when there is none in time; the link is closed then."""
        try:
            return self._exchange({**head, "length": len(body)}, body, time.monotonic() + within_s)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _exchange(self, head: Mapping[str, Any], body: bytes, end_s: float) -> dict[str, Any]:
        if not self.connected:
            self.close()
        if self._sock is None:
            self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._sock.settimeout(CONNECT_S)
            with short_address(self._path) as name:
                self._sock.connect(name)
        sock = self._sock
        sock.settimeout(max(0.01, end_s - time.monotonic()))
        sock.sendall(json.dumps(head).encode() + b"\n" + body)
        line = b""
        while not line.endswith(b"\n"):
            sock.settimeout(max(0.01, end_s - time.monotonic()))
            more = sock.recv(MAX_ANSWER_BYTES)
            line += more
            if not more or len(line) > MAX_ANSWER_BYTES:
                raise ConnectionResetError("the vms process ended the connection")
        found: dict[str, Any] = from_json(line)
        return found


def _has_ended(sock: socket.socket) -> bool:
    """Nothing is ever sent unasked: what can be read is the end."""
    sock.settimeout(0.0)
    try:
        sock.recv(1, socket.MSG_PEEK)
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True
