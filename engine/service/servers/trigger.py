"""Trigger socket: a TCP port where one line of text starts a trigger; every line gets `OK <trigger id>` or `ERROR <reason>`.

The line is the configured message exactly, ended by LF or CR LF (manual 4.4.9: another message is discarded; 6.4.6: telnet).
A connection may stay open for many triggers.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable

from board.kit.errors import ConfigError, TriggerRefused

log = logging.getLogger("triggers")

MAX_CONNECTIONS = 32
MAX_LINE = 256
"""Bytes, line end included."""

LINE_TIMEOUT_S = 3.0
"""A line that was begun must end within this time."""

POLL_S = 0.5

PART_S = 1.0
"""A refused peer is listened to this long while it reads its answer."""

KEEPALIVE = ((socket.TCP_KEEPIDLE, 30), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))
"""A peer that lost its power is noticed after a minute and gives its place free."""


class TriggerServer:
    """Listens from `start` to `close`. `fire(cause)` gives the trigger's id or raises TriggerRefused."""

    def __init__(self, port: int, message: str, fire: Callable[[str], str], host: str = "") -> None:
        self._address = (host, port)
        self._message = message.encode()
        self._fire = fire
        self._stop = threading.Event()
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._lock = threading.Lock()
        self._peers: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._listener: socket.socket | None = None

    @property
    def port(self) -> int:
        """The real port, also when 0 was asked for."""
        return int(self._listener.getsockname()[1]) if self._listener else self._address[1]

    def start(self) -> None:
        """ConfigError when the port cannot be taken."""
        try:
            self._listener = socket.create_server(self._address, backlog=16)
        except OSError as why:
            raise ConfigError(
                "Trigger socket port: {address} cannot be used: {strerror}", address=self._address[1], strerror=why.strerror or why
            ) from why
        self._spawn(self._accept, self._listener)

    def close(self) -> None:
        self._stop.set()
        with self._lock:
            peers, threads = list(self._peers), list(self._threads)
        for peer in (*peers, *((self._listener,) if self._listener else ())):
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # gone already
        if self._listener is not None:
            self._listener.close()
        for thread in threads:
            thread.join(2.0)

    def _spawn(self, target: Callable[[socket.socket], None], sock: socket.socket) -> None:
        def run() -> None:
            try:
                target(sock)
            except Exception:  # the thread's top
                log.exception("trigger socket")
            finally:
                with self._lock:
                    self._threads.discard(thread)

        thread = threading.Thread(target=run, name="trigger-socket", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while not self._stop.is_set():
            try:
                peer, address = listener.accept()
            except OSError as why:
                if not self._stop.wait(POLL_S):  # out of file descriptors, for one: go on when there are some again
                    log.error("trigger socket: %s", why)
                continue
            if not self._slots.acquire(blocking=False):
                log.warning("trigger socket: %s refused, %d connections are open", address[0], MAX_CONNECTIONS)
                self._turn_away(peer)
                continue
            self._spawn(self._serve, peer)

    def _turn_away(self, peer: socket.socket) -> None:
        peer.settimeout(0.05)
        _reply(peer, "ERROR too many connections")
        try:
            peer.shutdown(socket.SHUT_WR)
            peer.recv(MAX_LINE)  # what it has sent already must not turn the answer into a reset
        except OSError:
            pass
        peer.close()

    def _serve(self, peer: socket.socket) -> None:
        with self._lock:
            self._peers.add(peer)
        try:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in KEEPALIVE:
                peer.setsockopt(socket.IPPROTO_TCP, name, value)
            peer.settimeout(POLL_S)
            self._talk(peer, str(peer.getpeername()[0]))
            self._part(peer)
        except OSError as why:
            log.info("trigger socket: connection ended: %s", why)
        finally:
            with self._lock:
                self._peers.discard(peer)
            peer.close()
            self._slots.release()

    def _talk(self, peer: socket.socket, host: str) -> None:
        waiting = b""
        begun_s = 0.0
        while not self._stop.is_set():
            if waiting and time.monotonic() - begun_s > LINE_TIMEOUT_S:
                self._refuse(peer, host, "the line has no end (LF)")
                return
            try:
                data = peer.recv(MAX_LINE)
            except TimeoutError:
                continue
            if not data:
                if waiting:
                    self._refuse(peer, host, "the line has no end (LF)")
                return
            if not waiting:
                begun_s = time.monotonic()
            *lines, waiting = (waiting + data).split(b"\n")
            for line in lines:
                if not self._answer(peer, host, line.removesuffix(b"\r")):
                    return
            if len(waiting) >= MAX_LINE:
                self._refuse(peer, host, f"the line is longer than {MAX_LINE} bytes")
                return

    def _part(self, peer: socket.socket) -> None:
        """Ends the connection so that the last answer arrives: closing over unread bytes would reset it."""
        peer.shutdown(socket.SHUT_WR)
        end_s = time.monotonic() + PART_S
        while not self._stop.is_set() and time.monotonic() < end_s:
            try:
                if not peer.recv(65536):
                    return
            except TimeoutError:
                continue

    def _answer(self, peer: socket.socket, host: str, line: bytes) -> bool:
        """False: the connection ends."""
        if len(line) >= MAX_LINE:
            self._refuse(peer, host, f"the line is longer than {MAX_LINE} bytes")
            return False
        if line == self._message:
            try:
                answer = f"OK {self._fire(f'socket {host}')}"
            except TriggerRefused as why:
                answer = f"ERROR {why}"
            _reply(peer, answer)
            return True
        if not line.isascii() or not line.decode("ascii", "replace").isprintable():
            self._refuse(peer, host, "not a line of text")
            return False
        self._refuse(peer, host, "this is not the trigger message")
        return True

    def _refuse(self, peer: socket.socket, host: str, reason: str) -> None:
        log.warning("trigger socket: message from %s discarded: %s", host, reason)
        _reply(peer, f"ERROR {reason}")


def _reply(peer: socket.socket, text: str) -> None:
    try:
        peer.sendall(" ".join(text.split()).encode() + b"\r\n")
    except OSError:
        pass  # the peer did not wait for its answer
