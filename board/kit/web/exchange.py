"""Exchange: one request carried out by a worker: its body as a WSGI input, the application, its answer in HTTP/1.1."""

from __future__ import annotations

import io
import logging
import select
import sys
from collections.abc import Callable, Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from board.kit.web.connections import Connection, Pace, TooSlow
from board.kit.web.heads import Head
from board.kit.web.limits import Limits
from board.kit.web.streams import PARK, STREAM, Parked, Source

log = logging.getLogger("web")

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_SERVER = "gatewright"
_BODILESS = ("204", "304")

CAME = "gatewright.came_ns"
"""In the environ: when the whole request, or its head where the body is large, was there (CLOCK_MONOTONIC ns)."""


_UNFINISHED = {400: "The request broke off before its end.", 408: "The request came too slowly."}


class BrokenOff(Exception):
    """Raised by the parts of an answer that cannot be completed: the connection ends, so that the client knows."""


class _Gone(Exception):
    """The client went away or does not read."""


class Body(io.RawIOBase):
    """The body of a request, received as it is read. OSError when the client broke off (`failed` 400) or is too slow (408)."""

    def __init__(self, connection: Connection, limits: Limits) -> None:
        super().__init__()
        self._connection = connection
        self._pace = Pace(connection, select.POLLIN, limits)
        self._hundred = connection.head is not None and connection.head.expects and connection.left > len(connection.buffer)
        self.failed = 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any, /) -> int:
        client = self._connection
        most = min(len(target), client.left)
        if not most:
            return 0
        if client.buffer:
            data = bytes(client.buffer[:most])
            del client.buffer[:most]
        else:
            data = self._receive(most)
        target[: len(data)] = data
        client.left -= len(data)
        return len(data)

    def _receive(self, most: int) -> bytes:
        client = self._connection
        if client.cut:
            self.failed = 400
            raise ConnectionAbortedError("the request broke off before its end")
        if self._hundred:
            self._hundred = False
            client.add(b"HTTP/1.1 100 Continue\r\n\r\n")
            client.send_some()
        while (data := client.receive(most)) is None:
            try:
                self._pace.wait()
            except TooSlow:
                self.failed = 408
                raise
        if not data:
            client.cut = True
            return self._receive(most)
        self._pace.moved(len(data))
        return data


class Exchange:
    """`streams`: registers a stream of this client, `parks` a request of it that waits; False when there are too many."""

    def __init__(
        self,
        connection: Connection,
        limits: Limits,
        streams: Callable[[Connection, Source], bool],
        parks: Callable[[], bool],
    ) -> None:
        assert connection.head is not None
        self._connection = connection
        self._head: Head = connection.head
        self._limits = limits
        self._streams = streams
        self._parks = parks
        self._body = Body(connection, limits)
        self._pace = Pace(connection, select.POLLOUT, limits)
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._begun = self._sent = False
        self._chunked = False
        self._bodiless = False
        self._owed: int | None = None
        """Bytes of the body that are still to be sent; None where the headers do not say how many."""

    def run(self, application: Wsgi) -> None:
        """Carries the request out, or what is left of it when it was parked; afterwards the connection's `out`, `left`, `keep`,
        `source` and `parked` say what is left to do."""
        parts: Iterable[bytes] = ()
        parked, self._connection.parked = self._connection.parked, None
        try:
            parts = (parked.finish if parked is not None else application)(self._environ(), self._start)
            if self._connection.parked is not None:
                return
            if self._connection.source is None:
                self._send_all(parts)
            else:
                self._begin(None)
        except _Gone as why:
            log.debug("%s: %s", self._connection.address, why)
            self._connection.abandon()
            self._connection.source = None
        except BrokenOff as why:
            log.info("%s %s: %s", self._head.method, self._head.path, why)
            self._refuse(502, f"{why}")
        except Exception:  # the application's top
            failed = self._body.failed
            if failed:
                self._refuse(failed, _UNFINISHED[failed])
            else:
                log.exception("%s %s failed", self._head.method, self._head.path)
                self._refuse(500, "The camera could not do this; its log says why.")
            self._connection.source = None
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()

    # --- request ------------------------------------------------------------------------------------------------------

    def _environ(self) -> dict[str, Any]:
        head, client = self._head, self._connection
        path, _, query = head.target.partition("?")
        host, _, port = head.headers.get("host", "").rpartition(":")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": head.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": _unquoted(path),
            "QUERY_STRING": query,
            "REQUEST_URI": head.target,
            "SERVER_PROTOCOL": head.version,
            "SERVER_NAME": host or "camera",
            "SERVER_PORT": port if port.isdigit() else "443" if client.secure else "80",
            "SERVER_SOFTWARE": "gatewright",
            "REMOTE_ADDR": client.address,
            "REMOTE_PORT": str(client.port),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if client.secure else "http",
            "wsgi.input": io.BufferedReader(self._body, 1 << 16),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            STREAM: self._open_stream,
            PARK: self._park,
            CAME: round(client.since_s * 1e9),
        }
        for name, value in head.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        return environ

    # --- answer -------------------------------------------------------------------------------------------------------

    def _open_stream(self, source: Source) -> bool:
        if self._head.method == "HEAD":
            source.close()
            return True
        if not self._streams(self._connection, source):
            return False
        self._connection.source = source
        return True

    def _park(self, parked: Parked) -> bool:
        if not self._parks():
            return False
        self._connection.parked = parked
        return True

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        if self._begun and exc_info:
            raise exc_info[1].with_traceback(exc_info[2])
        if any(char in part for header in headers for part in header for char in "\r\n\0"):
            raise ValueError("a header holds a line end")
        self._status, self._headers = status, headers
        return self._write

    def _send_all(self, parts: Iterable[bytes]) -> None:
        known = len(parts[0]) if isinstance(parts, list) and len(parts) == 1 else 0 if parts == [] else None
        for part in parts:
            if part:
                self._write(part, known)
        if not self._begun:
            self._begin(0)
        self._push(b"0\r\n\r\n" if self._chunked else b"")
        if self._owed:  # less than was promised: only the end of the connection can tell
            self._connection.keep = False

    def _write(self, part: bytes, known: int | None = None) -> None:
        if not self._begun:
            self._begin(known)
        if self._bodiless:
            return
        if self._owed is not None:
            part = part[: self._owed]
            self._owed -= len(part)
        self._push(b"%x\r\n%b\r\n" % (len(part), part) if self._chunked else part)

    def _begin(self, length: int | None) -> None:
        """Sends status and headers; `length` of the body when it is known."""
        client, head = self._connection, self._head
        self._begun = True
        if self._body.failed == 408 or (self._body.failed == 400 and self._status >= "5"):
            raise ConnectionAbortedError("the body did not come whole, whatever the application says")
        names = {name.lower() for name, _ in self._headers}
        self._bodiless = head.method == "HEAD" or self._status[:3] in _BODILESS
        more = [("Date", formatdate(usegmt=True)), ("Server", _SERVER)]
        if client.source is not None:
            client.keep = False
            self._headers = [(name, value) for name, value in self._headers if name.lower() != "content-length"]
            client.frames = head.version == "HTTP/1.1" and not client.source.framed
            if head.version == "HTTP/1.1":
                more.append(("Transfer-Encoding", "chunked"))
        elif "content-length" not in names and self._status[:3] not in _BODILESS:
            if length is not None:
                more.append(("Content-Length", str(length)))
            elif head.version == "HTTP/1.1":
                self._chunked = not self._bodiless
                more.append(("Transfer-Encoding", "chunked"))
            else:
                client.keep = False
        if self._body.failed or ("connection", "close") in ((name.lower(), value.lower()) for name, value in self._headers):
            client.keep = False
        if "connection" not in names:
            more.append(("Connection", "keep-alive" if client.keep else "close"))
        told = next((value for name, value in (*self._headers, *more) if name.lower() == "content-length"), None)
        self._owed = int(told) if told is not None and not self._bodiless else None
        lines = [f"HTTP/1.1 {self._status}", *(f"{name}: {value}" for name, value in [*self._headers, *more])]
        self._connection.add(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))  # goes out with what follows
        self._sent = True

    def _push(self, data: bytes) -> None:
        """Sends what the client takes at once; waits for it only while more than `pending_bytes` are left."""
        client = self._connection
        client.add(data)
        try:
            self._pace.moved(client.send_some())
            while len(client.out) > self._limits.pending_bytes:
                self._pace.wait()
                self._pace.moved(client.send_some())
        except OSError as why:
            raise _Gone(str(why)) from why

    def _refuse(self, status: int, text: str) -> None:
        """Answers instead of the application, as far as it has not begun to."""
        client = self._connection
        client.keep = False
        if not self._sent:
            client.add(refusal(status, text))


def refusal(status: int, text: str, retry_s: int = 0) -> bytes:
    """A whole answer in plain words, after which the connection ends."""
    body = text.encode() + b"\n"
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        f"Date: {formatdate(usegmt=True)}",
        f"Server: {_SERVER}",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    ]
    if retry_s:
        lines.append(f"Retry-After: {retry_s}")
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body


def _unquoted(path: str) -> str:
    """The path as WSGI wants it; "%2F" stays, so that it is no separator."""
    parts = path.replace("%2f", "%2F").split("%2F")
    return "%2F".join(unquote_to_bytes(part.encode("latin-1")).decode("latin-1") for part in parts)
