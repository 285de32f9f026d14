"""Streams: answers without an end (events, live pictures), written by the server's one loop for all viewers."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from board.kit.dataclass import dataclass
from board.kit.web.routes import Answer, Refused

STREAM = "board.stream"
"""In the environ of WSGI: `open(source) -> bool` makes the answer to this request a stream of that source, behind the headers that
the application gives; False: too many streams are open."""
PARK = "board.park"
"""In the environ of WSGI: `park(parked) -> bool` gives this request's thread back until what it waits for is there; the application
then answers nothing. False: too many wait."""
CHUNK_BYTES = 64 << 10


class Source(Protocol):
    """What a stream sends. Its methods are called by the server's loop and never wait. `framed`: what it gives is in chunks of
    HTTP already."""

    framed: bool

    def attach(self, wake: Callable[[], None]) -> None:
        """`wake()`, from any thread: there is something to send. Called once, before the first `next`."""

    def next(self) -> bytes | None:
        """What comes next, asked for when the client has taken everything before; None: nothing now, b"": the stream is over.
        Asked twice a second while there is nothing, so that a source can send a sign of life."""

    def close(self) -> None:
        """The stream has ended, whoever ended it; called once."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A request that waits for another server: once `sock` can be read, `finish`, an application itself, answers it. `close` ends
    the wait when the client has gone before."""

    sock: socket.socket
    finish: Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
    close: Callable[[], None]


def stream(environ: Mapping[str, Any], source: Source, content_type: str) -> Answer:
    """The answer to a request that gets a stream; Refused 503 when too many are open."""
    if not environ[STREAM](source):
        source.close()
        raise Refused(503, "Too many live views are open. Close one, or try again later.", headers=(("Retry-After", "10"),))
    return Answer(b"", content_type, 200, (("X-Accel-Buffering", "no"),))


class Relay:
    """A stream that comes from another server's socket, passed on as it comes. `begun`: bytes that were read from it already;
    `allowed()` is asked every second: when it is false, the stream ends."""

    def __init__(
        self, sock: socket.socket, begun: bytes, framed: bool, allowed: Callable[[], bool], now_s: Callable[[], float]
    ) -> None:
        self.framed = framed
        sock.setblocking(False)
        self._sock = sock
        self._begun = begun
        self._allowed = allowed
        self._now_s = now_s
        self._asked_s = now_s()

    def attach(self, wake: Callable[[], None]) -> None:
        """A socket wakes the loop by itself."""

    def fileno(self) -> int:
        """Watched while there is nothing to send."""
        return self._sock.fileno()

    def next(self) -> bytes | None:
        now = self._now_s()
        if now - self._asked_s >= 1:
            self._asked_s = now
            if not self._allowed():
                return b""
        if self._begun:
            data, self._begun = self._begun, b""
            return data
        try:
            return self._sock.recv(CHUNK_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def close(self) -> None:
        self._sock.close()
