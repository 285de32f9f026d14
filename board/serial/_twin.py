"""Twin: a simulated serial device in STATE/sim/serial/NAME, as strict as a real one: one user, one baud rate, and it can be pulled.

plugged   its baud rate; without this file there is no such device
sent      what our side sent, appended; another baud rate than the device's turns the bytes into noise
say       a FIFO: what the device says
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
from pathlib import Path

from board.kit.errors import BoardError
from board.kit.files import open_shared
from board.kit.state import State

TURN_S = 0.2


class SimPort:
    """The part of pyserial's Serial that is used; every fault is an OSError with the number that a tty gives."""

    def __init__(self, state: State, name: str, baud: int) -> None:
        self._folder = state.sim / "serial" / name
        if not (self._folder / "plugged").exists():
            raise OSError(errno.ENOENT, f"could not open port {name}")
        self._baud = baud
        self._lock = open_shared(self._folder / "lock", os.O_RDWR)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise
        self._say = os.open(self._folder / "say", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    @property
    def in_waiting(self) -> int:
        return MAX if select.select([self._say], [], [], 0)[0] else 0

    def read(self, count: int) -> bytes:
        self._garble(b"")
        if count and select.select([self._say], [], [], TURN_S if count == 1 else 0)[0]:
            return self._garble(os.read(self._say, count))
        return b""

    def write(self, data: bytes) -> int:
        heard = self._garble(data)
        with (self._folder / "sent").open("ab") as file:
            file.write(heard)
        return len(data)

    def close(self) -> None:
        os.close(self._say)
        os.close(self._lock)

    def _garble(self, data: bytes) -> bytes:
        try:
            baud = int((self._folder / "plugged").read_text())
        except FileNotFoundError as why:
            raise OSError(errno.EIO, "device reports readiness to read but returned no data") from why
        return data if baud == self._baud else bytes(value ^ 0xFF for value in data)


MAX = 4096


def plug(state: State, name: str, baud: int = 9600) -> None:
    """Plugs the device in; it is as new."""
    folder = state.sim / "serial" / name
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "say").exists():
        os.mkfifo(folder / "say")
    (folder / "sent").write_bytes(b"")
    (folder / "plugged.new").write_text(str(baud))
    (folder / "plugged.new").replace(folder / "plugged")


def pull(state: State, name: str) -> None:
    """Pulls it out. BoardError when there is none."""
    try:
        (state.sim / "serial" / name / "plugged").unlink()
    except FileNotFoundError as why:
        raise BoardError("there is no simulated serial device {name!r}", name=name) from why


def sent(state: State, name: str) -> bytes:
    """What the device has received since it was plugged in. BoardError when there never was one."""
    try:
        return (state.sim / "serial" / name / "sent").read_bytes()
    except FileNotFoundError as why:
        raise BoardError("there is no simulated serial device {name!r}", name=name) from why


def say(state: State, name: str, data: bytes) -> None:
    """The device says something; it is lost when nobody has the line open. BoardError when there is no such device."""
    folder = state.sim / "serial" / name
    if not (folder / "plugged").exists():
        raise BoardError("there is no simulated serial device {name!r}", name=name)
    try:
        file = os.open(Path(folder / "say"), os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as why:
        if why.errno == errno.ENXIO:
            return  # nobody listens
        raise BoardError("{path}: {reason}", path=folder / "say", reason=why.strerror) from why
    try:
        os.write(file, data)
    finally:
        os.close(file)
