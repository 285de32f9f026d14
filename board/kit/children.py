"""Children: a process that has another one of its package started: as its own user, or, where each process is a user of its own, by
the host's starter (firmware/processes/starter.py), which knows whom it may have started."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from board.kit.from_json import from_json

CHILDREN = "GATEWRIGHT_CHILDREN"
"""Environment: the number of the socket to the starter; not there without one."""
ANSWERS_WITHIN_S = 10.0


class Child(Protocol):
    """A part of subprocess.Popen."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def kill(self) -> None: ...


def start(name: str, command: Sequence[str], files: Sequence[int]) -> Child:
    """The process `name` of the package: `command`, with the open files of these numbers. OSError: it cannot be started."""
    number = os.environ.get(CHILDREN, "")
    if not number:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=files)
    return _Apart(int(number), name, command, files)


class _Apart:
    """`told`: the process's own socket at the starter; closing it ends the process."""

    def __init__(self, orders: int, name: str, command: Sequence[str], files: Sequence[int]) -> None:
        self._told, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.returncode: int | None = None
        environment = {key: value for key, value in os.environ.items() if key != CHILDREN}
        order = {
            "name": name,
            "command": list(command),
            "cwd": str(Path.cwd()),
            "env": environment,
            "fds": [2, *files],
            "may_start": [],
        }
        try:
            with socket.socket(fileno=os.dup(orders)) as way:
                socket.send_fds(way, [json.dumps(order).encode()], [its.fileno(), 2, *files])
            its.close()
            answer = self._answer(ANSWERS_WITHIN_S)
            if "pid" not in answer:
                raise OSError(0, str(answer.get("error", "the starter does not answer")))
        except OSError:
            its.close()
            self._told.close()
            raise
        self.pid = int(str(answer["pid"]))

    def poll(self) -> int | None:
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("", timeout or 0.0)
        return code

    def _ended(self, within_s: float | None) -> int | None:
        if self.returncode is None:
            code = self._answer(within_s).get("code")
            if code is not None:
                self.returncode = int(str(code))
                self._told.close()
        return self.returncode

    def kill(self) -> None:
        with suppress(OSError):
            self._told.send(b"kill", socket.MSG_NOSIGNAL)

    def _answer(self, within_s: float | None) -> Mapping[str, object]:
        """{} when none has come."""
        self._told.settimeout(within_s)
        try:
            data = self._told.recv(4096)
        except (BlockingIOError, TimeoutError):
            return {}
        found = from_json(data) if data else {"code": -9}  # the starter is gone, and what it started
        return found if isinstance(found, dict) else {}
