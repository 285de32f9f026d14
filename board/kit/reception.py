"""Reception: a Unix socket whose clients are received one after the other, in a thread of its own, until it is closed."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from board.kit.wire import SEND_TIMEOUT_S, Channel, Codec, accept, listen

PAUSE_S = 0.5
"""Before the next try when a client could not be taken in: no descriptor is free."""


class Reception:
    """`name`: of the thread, and of the socket in the log; `received` gets each channel, and raises nothing."""

    def __init__(
        self,
        path: Path,
        codec: Codec,
        name: str,
        log: logging.Logger,
        received: Callable[[Channel], None],
        send_timeout_s: float = SEND_TIMEOUT_S,
    ) -> None:
        self._path = path
        self._codec = codec
        self._name = name
        self._log = log
        self._received = received
        self._send_timeout_s = send_timeout_s
        self._stop = threading.Event()
        self._listener: socket.socket | None = None

    def start(self) -> None:
        """Listens when this returns; OSError when it cannot."""
        self._listener = listen(self._path)
        threading.Thread(target=self._serve, args=(self._listener,), name=self._name, daemon=True).start()

    def close(self) -> bool:
        """Whether it listened until now; the socket's file stays."""
        self._stop.set()
        listener, self._listener = self._listener, None
        if listener is None:
            return False
        listener.shutdown(socket.SHUT_RDWR)  # a close alone wakes no accept
        listener.close()
        return True

    def _serve(self, listener: socket.socket) -> None:
        while not self._stop.is_set():
            try:
                client = accept(listener, self._codec, self._send_timeout_s)
            except OSError as why:
                if not self._stop.wait(PAUSE_S):
                    self._log.error("%s socket: %s", self._name, why)
                continue
            try:
                self._received(client)
            except RuntimeError as why:  # "can't start new thread": the next one may be served
                self._log.error("%s socket: %s", self._name, why)
                client.close()
