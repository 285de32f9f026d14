"""Proxy: passes /anpr/ to the portal's Unix socket, streaming both ways, and says there who is logged in."""

from __future__ import annotations

import http.client
import io
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from bottle import HTTPResponse, request

from board.kit.errors import GatewrightError
from board.kit.sockets import short_address
from board.kit.web.exchange import CAME as CAME_HERE
from board.kit.web.exchange import BrokenOff
from board.kit.web.headers import NOT_KEPT, SECURITY
from board.kit.web.routes import Refused
from board.kit.web.streams import PARK, STREAM, Parked, Relay
from board.kit.web.visitor import CAME, Visitor, headers_of
from firmware.packages.manifest import CGIS
from firmware.people.auth import SESSION

MAX_BODY_BYTES = 64 << 20
MAX_IDLE = 8
"""Connections to portals that are kept for the next request."""
IDLE_S = 20.0
"""Shorter than the portal keeps them."""
ANSWER_WITHIN_S = 60.0
QUICK_S = 0.1
"""What takes longer is parked, where the package asks for the log-in itself."""
QUEUE_FULL_S = 1.0
"""A portal whose listen queue stays full for this long counts as busy."""
_CHUNK = 1 << 16
_HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "trailers",
     "transfer-encoding", "upgrade")
)  # fmt: skip
_OURS = "x-gatewright-"
_LOG_IN = "authorization"
_KEPT_HERE = ("cookie", "expect", "content-length")
"""Not passed on as they came."""
_STREAMS = ("text/event-stream", "multipart/x-mixed-replace")
"""Types of answers without an end."""
_REPEATABLE = ("GET", "HEAD", "OPTIONS")


class PortalDown(GatewrightError):
    """Nobody listens on the portal's socket."""


class Proxy:
    """Thread-safe."""

    def __init__(self) -> None:
        self._pool = _Pool()

    def forward(
        self, portal: Path, visitor: Visitor, allowed: Callable[[], bool], with_log_in: bool = False, packed: bool = True,
        body: bytes | None = None,
    ) -> HTTPResponse:  # fmt: skip
        """The portal's answer to the current request; PortalDown when it does not listen. `allowed()`: whether the visitor still
        has a session; a stream ends when not. `with_log_in`: passes the Authorization header on, to a package that looks at it;
        `packed`: the answer may come compressed; `body`: of the request, where somebody has read that already."""
        coming = request.environ["wsgi.input"] if body is None else io.BytesIO(body)
        target, length, headers = _target(), _length(), _headers(visitor, with_log_in)
        if not packed:
            headers.pop("accept-encoding", None)
        repeatable = request.method in _REPEATABLE and not length and request.environ["SERVER_PROTOCOL"] == "HTTP/1.1"
        repeatable = repeatable and not request.path.startswith(CGIS)  # however it is written: VIVOTEK's clients open gates by GET
        connection = self._pool.take(portal) if repeatable else None
        if connection is not None:
            try:
                _send(connection, target, length, headers, coming)
                return self._response(connection, _answer(connection), allowed)
            except _Stale:
                pass  # the portal closed it at the same moment
        connection = _UnixConnection(portal, request.environ["SERVER_PROTOCOL"])
        try:
            _send(connection, target, length, headers, coming)
            if with_log_in and self._park(connection):
                return HTTPResponse()
            return self._response(connection, _answer(connection), allowed)
        except _Stale as why:
            raise Refused(502, "the portal broke off") from why

    def _park(self, connection: _UnixConnection) -> bool:
        """Whether the answer takes longer, as ONVIF's PullMessages does: it holds no thread then."""
        sock = connection.sock
        if sock is None or _has_news(sock, QUICK_S):
            return False
        parked = Parked(sock, lambda environ, start: self._finish(connection, start), connection.close)
        return bool(request.environ[PARK](parked))

    def _finish(self, connection: _UnixConnection, start: Callable[..., Any]) -> Iterable[bytes]:
        """The answer to a request that was parked, whatever thread it comes in: an application of its own."""
        try:
            reply = _answer(connection)
        except (_Stale, Refused):
            start("502 Bad Gateway", [("Content-Type", "text/plain")])
            return [b"the portal broke off\n"]
        given = [(name, value) for name, value in reply.getheaders() if name.lower() not in _HOP_BY_HOP]
        start(f"{reply.status} {reply.reason or 'OK'}", [*given, *SECURITY, NOT_KEPT])
        return _Passing(reply, lambda: self._done(connection, reply))

    def close(self) -> None:
        self._pool.close()

    def _response(self, connection: _UnixConnection, reply: http.client.HTTPResponse, allowed: Callable[[], bool]) -> HTTPResponse:
        dropped = _HOP_BY_HOP | {name.strip().lower() for name in (reply.getheader("connection") or "").split(",")}
        response = HTTPResponse(status=f"{reply.status} {reply.reason or 'OK'}")
        for name, value in reply.getheaders():
            if name.lower() not in dropped and name.lower() not in ("server", "date"):
                response.add_header(name, value)
        if reply.length is None and (reply.getheader("content-type") or "").split(";")[0].strip().lower() in _STREAMS:
            return _stream(response, connection, reply, allowed)
        if request.method == "HEAD" or reply.status in (204, 304):
            self._done(connection, reply)
        else:
            response.body = _Passing(reply, lambda: self._done(connection, reply))
        return response

    def _done(self, connection: _UnixConnection, reply: http.client.HTTPResponse) -> None:
        whole = reply.isclosed() or reply.length == 0
        reply.close()
        if (
            whole and connection.sock is not None and not connection.owes
        ):  # or the next request would be the rest of this one's body
            self._pool.give(connection)
        else:
            connection.close()


class _Stale(Exception):
    """The portal closed the connection without a byte of an answer."""


class _UnixConnection(http.client.HTTPConnection):
    """A connection to the portal at `path`, in the version that the client speaks: what streams is passed on as it comes.
    `idle_since_s`: monotonic, since when nobody uses it; `owes`: of its request not all was sent."""

    def __init__(self, path: Path, version: str) -> None:
        super().__init__("portal", timeout=ANSWER_WITHIN_S)
        self._http_vsn_str = version
        self.path = path
        self.idle_since_s = 0.0
        self.owes = False

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWER_WITHIN_S)
        until_s = time.monotonic() + QUEUE_FULL_S
        while True:
            try:
                with short_address(self.path) as name:
                    self.sock.connect(name)
                return
            except BlockingIOError as why:  # its listen queue is full
                if time.monotonic() > until_s:
                    self.close()
                    raise PortalDown from why
            except OSError as why:
                self.close()
                raise PortalDown from why
            time.sleep(0.02)


class _Pool:
    """Connections whose last answer was read whole."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_UnixConnection] = []

    def take(self, portal: Path) -> _UnixConnection | None:
        """One that the portal has not closed; None when there is none."""
        while True:
            with self._lock:
                found = next((each for each in reversed(self._idle) if each.path == portal), None)
                if found is None:
                    return None
                self._idle.remove(found)
            if time.monotonic() - found.idle_since_s < IDLE_S and not _has_news(found.sock):
                return found
            found.close()

    def give(self, connection: _UnixConnection) -> None:
        connection.idle_since_s = time.monotonic()
        with self._lock:
            self._idle.append(connection)
            surplus = self._idle.pop(0) if len(self._idle) > MAX_IDLE else None
        if surplus is not None:
            surplus.close()

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


def _has_news(sock: socket.socket, within_s: float = 0.0) -> bool:
    """Whether something came: on an idle connection the portal closed it, or sent what nobody asked for."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(within_s * 1000))


class _Passing:
    """The answer's body, passed on as it comes; `done()` once, however the request ends."""

    def __init__(self, reply: http.client.HTTPResponse, done: Callable[[], None]) -> None:
        self._reply = reply
        self._done: Callable[[], None] | None = done

    def __iter__(self) -> Iterator[bytes]:
        try:
            while True:
                try:
                    data = self._reply.read1(_CHUNK)
                except (OSError, http.client.HTTPException) as why:
                    raise BrokenOff("the portal broke off") from why
                if not data:
                    return
                yield data
        finally:
            self.close()  # Bottle does not close a body that turns out empty

    def close(self) -> None:
        done, self._done = self._done, None
        if done is not None:
            done()


def _stream(
    response: HTTPResponse, connection: _UnixConnection, reply: http.client.HTTPResponse, allowed: Callable[[], bool]
) -> HTTPResponse:
    """Leaves the rest to the server's loop, so that a stream holds no thread."""
    sock = socket.socket(fileno=os.dup(reply.fileno()))
    sock.setblocking(False)
    framed = bool(reply.chunked)
    begun = reply.fp.peek() if reply.fp else b""  # what came with the headers
    reply.close()
    connection.close()
    source = Relay(sock, begun, framed, allowed, time.monotonic)
    if not request.environ[STREAM](source):
        source.close()
        raise Refused(503, "too many live views are open", headers=(("Retry-After", "10"),))
    return response


def _send(connection: _UnixConnection, target: str, length: int, headers: Mapping[str, str], body: IO[bytes]) -> None:
    try:
        connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value.encode("latin-1", "replace"))
        connection.endheaders()
    except (http.client.InvalidURL, ValueError) as why:
        connection.close()
        raise Refused(400, "malformed request") from why
    except OSError as why:
        connection.close()
        raise _Stale from why
    left = length
    while left:
        try:
            data = _read(body, min(_CHUNK, left))
        except Refused:
            connection.close()
            raise
        left -= len(data)
        try:
            connection.send(data)
        except OSError:
            connection.owes = True
            break  # the portal answered before it had read all, e.g. with "too large"


def _answer(connection: _UnixConnection) -> http.client.HTTPResponse:
    try:
        return connection.getresponse()
    except TimeoutError as why:
        connection.close()
        raise Refused(504, "the portal does not answer") from why
    except (OSError, http.client.HTTPException) as why:
        connection.close()
        raise _Stale from why


def _read(body: IO[bytes], size: int) -> bytes:
    try:
        data = body.read(size)
    except OSError as why:
        raise Refused(400, "the request broke off") from why
    if not data:
        raise Refused(400, "the request broke off")
    return data


def _target() -> str:
    path = request.environ["PATH_INFO"]
    if any(part in (".", "..") for part in path.split("/")) or "\\" in path or not path.isprintable():
        raise Refused(400, "malformed path")
    raw: str = request.environ.get("REQUEST_URI", "")
    return raw if raw.startswith("/") else request.path


def _length() -> int:
    length = int(request.environ.get("CONTENT_LENGTH") or "0")
    if length > MAX_BODY_BYTES:
        raise Refused(413, "more than {limit} MB", limit=MAX_BODY_BYTES >> 20)
    return length


def _headers(visitor: Visitor, with_log_in: bool) -> dict[str, str]:
    environ = request.environ
    kept_here = _KEPT_HERE if with_log_in else (*_KEPT_HERE, _LOG_IN)
    dropped = _HOP_BY_HOP | {name.strip().lower() for name in environ.get("HTTP_CONNECTION", "").split(",")}
    headers: dict[str, str] = {}
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            name = key[5:].replace("_", "-").lower()
            if name not in dropped and name not in kept_here and not name.startswith(_OURS):
                headers[name] = value
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            headers[key.replace("_", "-").lower()] = environ[key]
    cookies = [
        part for part in environ.get("HTTP_COOKIE", "").split(";") if not part.strip().removeprefix("__Host-").startswith(SESSION)
    ]
    if any(part.strip() for part in cookies):
        headers["cookie"] = ";".join(cookies).strip()
    headers["connection"] = "keep-alive"
    headers["x-forwarded-for"] = visitor.address
    headers["x-forwarded-proto"] = environ["wsgi.url_scheme"]
    headers[CAME.lower()] = str(environ[CAME_HERE])
    return headers | {name.lower(): value for name, value in headers_of(visitor).items()}
