"""Ports: opens a serial line through pyserial, or its twin, and describes every fault in the same words."""

from __future__ import annotations

import errno
import os
import socket
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from board.kit.errors import BoardError, ConfigError, PinBusy
from board.kit.sockets import in_turn, probe
from board.kit.state import State
from board.kit.words import Text
from board.serial._url import Addresses, Port, SerialUrl, as_named

TURN_S = 0.2
WRITE_S = 2.0
"""A line that takes nothing for this long is held by its flow control, or its peer is gone."""

GONE_S = 25
"""A converter that lost its power says nothing: whoever only listens to it would wait for ever, and what is sent would count as
sent for a quarter of an hour. After so long the connection ends, and is made anew."""

T = TypeVar("T")


def open_port(url: SerialUrl, state: State, addresses_of: Addresses = as_named) -> Port:
    """BoardError says what is missing and what to do; PinBusy who has the line."""
    try:
        import serial
    except ImportError as why:
        raise BoardError("serial lines need pyserial ({why}): pip install pyserial", why=why) from why
    if url.scheme == "sim":
        from board.serial._twin import SimPort

        return _Port(url, _try(url, lambda: SimPort(state, url.place, url.baud)))
    return _Port(url, _try(url, lambda: _open(serial, url, addresses_of)))


def _open(serial: Any, url: SerialUrl, addresses_of: Addresses) -> Any:
    if url.scheme == "socket":

        def connected(place: str) -> Any:
            return serial.serial_for_url(f"socket://{place}", timeout=TURN_S, write_timeout=WRITE_S)

        port = in_turn(_numbers(url.place, addresses_of), connected)
        _watch_over(port._socket)  # pyserial has no other way to it
        return port
    if url.scheme != "serial":
        return serial.serial_for_url(f"{url.scheme}://{url.place}", timeout=TURN_S, write_timeout=WRITE_S)
    try:
        port = serial.Serial(
            url.place, url.baud, bytesize=url.bits, parity=url.parity[0].upper(), stopbits=url.stop, timeout=TURN_S,
            write_timeout=WRITE_S, exclusive=True,
        )  # fmt: skip
    except termios.error as why:  # pulled while it was set up: pyserial lets it through, and it is no OSError
        raise OSError(*why.args) from why
    if url.rs485:
        from serial.rs485 import RS485Settings

        try:
            port.rs485_mode = RS485Settings()
        except (OSError, ValueError) as why:
            port.close()
            raise BoardError(
                "{place} cannot switch an RS-485 transceiver: leave rs485 out if the adapter does it", place=url.place
            ) from why
    return port


def _numbers(place: str, addresses_of: Addresses) -> list[str]:
    """The place with its host as each address that was admitted, so that no second look-up finds another."""
    host, _, port = place.rpartition(":")
    try:
        addresses = addresses_of(host.strip("[]"))
    except ConfigError as why:
        raise BoardError(why.text) from why
    return [f"[{address}]:{port}" if ":" in address else f"{address}:{port}" for address in addresses]


def _watch_over(sock: socket.socket) -> None:
    probe(sock, idle_s=GONE_S - 15, every_s=5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_S * 1000)


class _Port:
    """The port `Port` over an object of pyserial's kind."""

    def __init__(self, url: SerialUrl, serial: Any) -> None:
        self._url = url
        self._serial = serial

    def read(self) -> bytes:
        def read() -> bytes:
            first = self._serial.read(1)
            return bytes(first + self._serial.read(self._serial.in_waiting)) if first else b""

        return _try(self._url, read)

    def write(self, data: bytes) -> None:
        _try(self._url, lambda: self._serial.write(data))

    def close(self) -> None:
        try:
            self._serial.close()
        except OSError:
            pass  # it is gone


def _try(url: SerialUrl, act: Callable[[], T]) -> T:
    import serial

    try:
        return act()
    except serial.SerialTimeoutException as why:
        raise BoardError(
            "{place} has taken nothing for {write_s:g} s: what holds the line up?", place=url.place, write_s=WRITE_S
        ) from why
    except (OSError, TypeError) as why:  # pyserial's own error is an OSError; TypeError: closed meanwhile
        number = getattr(why, "errno", None)
        if number == errno.ENOENT:
            raise BoardError("there is no {place}: is the adapter plugged in?", place=url.place) from why
        if number == errno.EACCES:
            raise BoardError(
                "this user may not use {place}: run as root or add the user to the group dialout", place=url.place
            ) from why
        if number in (errno.EAGAIN, errno.EBUSY):
            raise PinBusy(
                "{place} is taken by {holder}", place=url.place, holder=holder(url.place) or Text("another process")
            ) from why
        raise BoardError(
            "{place} does not answer or went away ({why})", place=url.place or url.scheme, why=str(why)[:120] or type(why).__name__
        ) from why
    except ValueError as why:
        raise BoardError(
            "{place} cannot do {baud} baud, {bits} bits, parity {parity}: {why}",
            place=url.place,
            baud=url.baud,
            bits=url.bits,
            parity=url.parity,
            why=why,
        ) from why


def holder(place: str, proc: Path = Path("/proc")) -> str:
    """Who has the device open, as far as this user may see: "minicom (pid 12)", "the kernel's console"; "" when nobody."""
    device = os.path.realpath(place)
    for folder in proc.glob("[0-9]*/fd"):
        pid = folder.parent.name
        if pid == str(os.getpid()):
            continue
        try:
            if any(os.path.realpath(file) == device for file in folder.iterdir()):
                return f"{(folder.parent / 'comm').read_text().strip()} (pid {pid})"
        except OSError:
            continue  # not ours to see, or just ended
    return "the kernel's console" if is_console(place, proc) else ""


def is_console(place: str, proc: Path) -> bool:
    """The kernel writes its messages to this line: take `console=...` out of the kernel's command line."""
    try:
        names = [line.split()[0] for line in (proc / "consoles").read_text().splitlines() if line.split()]
    except OSError:
        return False
    return Path(os.path.realpath(place)).name in names
