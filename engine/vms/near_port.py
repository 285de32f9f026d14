"""Near port: a server's listening socket on the port that is wanted or, while another program has that, on one near it; it is tried
again from time to time."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable
from typing import Any

from board.kit.loop import READ, Loop
from board.kit.servers import PORTS_TRIED, listen_near

log = logging.getLogger("vms")

AGAIN_S = 60.0
"""How often a port is tried that could not be had."""


class NearPort:
    """Used by the loop's thread. `bind`: the address to listen on, "" for all; `who`: those who connect, for the log;
    `accepted(socket, address)` gets each of them; `moved(port)` is called with where it listens, 0 once it stops; `prepare` sets
    what sockets take over from the one that listens."""

    def __init__(
        self,
        loop: Loop,
        bind: str,
        who: str,
        accepted: Callable[[socket.socket, Any], None],
        moved: Callable[[int], None],
        backlog: int,
        prepare: Callable[[socket.socket], None] = lambda listener: None,
    ) -> None:
        self._loop = loop
        self._bind = bind
        self._who = who
        self._accepted = accepted
        self._moved = moved
        self._backlog = backlog
        self._prepare = prepare
        self._wanted = 0
        self._listener: socket.socket | None = None
        self._again_s = 0.0
        self._problem = ""

    @property
    def number(self) -> int:
        """0 while it does not listen."""
        return 0 if self._listener is None else int(self._listener.getsockname()[1])

    def use(self, wanted: int) -> None:
        """Listens on that port or one near it from now on, 0: nowhere. A port in use is given up only for the wanted one."""
        if wanted == self._wanted:
            return
        self._wanted = wanted
        if wanted:
            self._listen()
        else:
            self.close()

    def turn(self) -> None:
        """To be called about every second."""
        if self._wanted and time.monotonic() >= self._again_s:
            self._listen()

    def close(self) -> None:
        self._wanted = 0
        if self._stop():
            self._moved(0)

    def _listen(self) -> None:
        self._again_s = time.monotonic() + AGAIN_S
        if self.number == self._wanted:
            return
        try:
            listener = listen_near(self._bind, self._wanted, self._backlog)
        except OSError as why:
            problem = os.strerror(why.errno) if why.errno else str(why)
            if problem != self._problem:
                log.error("cannot listen on port %d for %s: %s", self._wanted, self._who, problem)
            self._problem = problem
            return
        self._problem = ""
        port = int(listener.getsockname()[1])
        if port != self._wanted and self._wanted < self.number < self._wanted + PORTS_TRIED:
            listener.close()  # the port that stands in for it already is as good
            return
        self._stop()
        self._prepare(listener)
        self._listener = listener
        self._loop.watch(listener, READ, self._accept)
        self._moved(port)
        if port != self._wanted:
            log.warning("port %d is taken: %s connect to port %d until it is free", self._wanted, self._who, port)
        else:
            log.info("%s may connect to port %d", self._who, port)

    def _stop(self) -> bool:
        """Whether it did listen."""
        if self._listener is None:
            return False
        self._loop.watch(self._listener, 0, self._accept)
        self._listener.close()
        self._listener = None
        return True

    def _accept(self, events: int) -> None:
        assert self._listener is not None
        try:
            sock, address = self._listener.accept()
        except OSError:
            return  # gone again, or no descriptor is free: the next turn tries again
        sock.setblocking(False)
        self._accepted(sock, address)
