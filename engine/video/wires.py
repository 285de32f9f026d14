"""Wires: carry packets to a viewer: between the messages of its RTSP connection, or by UDP to its own address."""

from __future__ import annotations

import errno
import os
import random
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from board.kit.loop import READ, Loop
from engine.video.rtp import interleaved

UDP_PORTS = range(6970, 7098, 2)
"""Even ports, for RTP; RTCP has the next. A firewall between the camera and its viewers must let them through."""
UDP_BUFFER_BYTES = 512 << 10
"""A key picture is sent in one go."""
MAX_REPORT_BYTES = 2_048


class NoPort(Exception):
    """All of UDP_PORTS are taken."""


class Wire(Protocol):
    def waiting_bytes(self) -> int:
        """Bytes that the viewer has not taken yet, as far as is known."""

    def send(self, packets: Sequence[bytes]) -> None: ...

    def send_report(self, report: bytes) -> None: ...

    def close(self) -> None: ...


class Interleaved:
    """`channels`: of (RTP, RTCP); `queue(data)` sends in order over the connection, `waiting()` returns the bytes still waiting
    there."""

    def __init__(self, channels: tuple[int, int], queue: Callable[[bytes], None], waiting: Callable[[], int]) -> None:
        self.channels = channels
        self._queue = queue
        self.waiting_bytes = waiting

    def send(self, packets: Sequence[bytes]) -> None:
        self._queue(interleaved(self.channels[0], packets))

    def send_report(self, report: bytes) -> None:
        self._queue(interleaved(self.channels[1], (report,)))

    def close(self) -> None:
        pass  # the connection goes on


class Datagrams:
    """A pair of UDP sockets. `camera`, `viewer`: addresses of the RTSP connection's ends, so that nobody else gets or sends
    anything; `report(data)` gets the viewer's reports. NoPort."""

    def __init__(self, loop: Loop, camera: str, viewer: str, ports: tuple[int, int], report: Callable[[bytes], None]) -> None:
        self._loop = loop
        self._report = report
        self._rtp, self._rtcp = _pair(camera)
        self.ports: tuple[int, int] = self._rtp.getsockname()[1], self._rtcp.getsockname()[1]
        try:
            for sock, port in ((self._rtp, ports[0]), (self._rtcp, ports[1])):
                sock.connect((viewer, port))
        except OSError as why:
            self._rtp.close()
            self._rtcp.close()
            raise NoPort(f"{viewer}: {why}") from why
        for sock in (self._rtp, self._rtcp):
            loop.watch(sock, READ, partial(self._read, sock))

    def waiting_bytes(self) -> int:
        return 0

    def send(self, packets: Sequence[bytes]) -> None:
        for packet in packets:
            _send(self._rtp, packet)

    def send_report(self, report: bytes) -> None:
        _send(self._rtcp, report)

    def close(self) -> None:
        for sock in (self._rtp, self._rtcp):
            self._loop.watch(sock, 0, partial(self._read, sock))
            sock.close()

    def _read(self, sock: socket.socket, events: int) -> None:
        try:
            data = sock.recv(MAX_REPORT_BYTES)
        except OSError:
            return  # the port is closed there, or nothing is left to read
        if sock is self._rtcp:
            self._report(data)


def _send(sock: socket.socket, packet: bytes) -> None:
    try:
        sock.send(packet)
    except OSError:
        pass  # a viewer that is gone is noticed by its silence; packets that find no room are lost, as UDP loses them


def _pair(address: str) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    first = random.randrange(len(UDP_PORTS))
    for step in range(len(UDP_PORTS)):
        port = UDP_PORTS[(first + step) % len(UDP_PORTS)]
        made: list[socket.socket] = []
        try:
            for number in (port, port + 1):
                made.append(socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK))
                made[-1].bind((address, number))
        except OSError:
            for sock in made:
                sock.close()
            continue
        made[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UDP_BUFFER_BYTES)
        return made[0], made[1]
    raise NoPort(f"ports {UDP_PORTS[0]} to {UDP_PORTS[-1] + 1}: {os.strerror(errno.EADDRINUSE)}")
