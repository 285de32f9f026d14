"""Proxy: passes /anpr/ to the portal's Unix socket, streaming both ways, and says there who is logged in."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from bottle import HTTPResponse, request

from board.kit.errors import GatewrightError
from board.kit.sockets import short_address
from board.kit.web.people import Visitor, headers_of
from board.kit.web.routes import Refused
from firmware.people.auth import SESSION

MAX_BODY_BYTES = 64 << 20
MAX_OPEN = 24
"""Requests in the portal at once (live pictures stay open); the host keeps threads for its own pages."""
ANSWER_WITHIN_S = 60.0
_CHUNK = 1 << 16
_HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "trailers",
     "transfer-encoding", "upgrade")
)  # fmt: skip
_OURS = "x-gatewright-"
_KEPT_HERE = ("authorization", "cookie", "expect", "content-length")
"""Not passed on as they came."""


class PortalDown(GatewrightError):
    """Nobody listens on the portal's socket."""


class Proxy:
    """Thread-safe; a connection per request."""

    def __init__(self) -> None:
        self._open = threading.BoundedSemaphore(MAX_OPEN)

    def forward(self, portal: Path, visitor: Visitor) -> HTTPResponse:
        """The portal's answer to the current request; PortalDown when it does not listen."""
        target = _target()
        length = _length()
        if not self._open.acquire(timeout=5):
            raise Refused(503, "Too many pages of the portal are open.", headers=(("Retry-After", "5"),))
        connection = _UnixConnection(portal, ANSWER_WITHIN_S)
        stream = _Stream(connection, self._open.release)
        try:
            reply = _send(connection, target, length, visitor)
        except BaseException:
            stream.close()
            raise
        stream.reply = reply
        return _response(reply, stream)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("portal", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWER_WITHIN_S)
        try:
            with short_address(self._path) as name:
                self.sock.connect(name)
        except OSError as why:
            raise PortalDown from why


class _Stream:
    """The answer's body, passed on as it comes; closing it gives the place back, however the request ends."""

    def __init__(self, connection: http.client.HTTPConnection, release: object) -> None:
        self._connection = connection
        self._release = release
        self.reply: http.client.HTTPResponse | None = None

    def __iter__(self) -> Iterator[bytes]:
        assert self.reply is not None
        try:
            while True:
                try:
                    data = self.reply.read1(_CHUNK)
                except (OSError, http.client.HTTPException):
                    return  # the portal broke off: the client sees the end
                if not data:
                    return
                yield data
        finally:
            self.close()  # Bottle does not close a body that turns out empty

    def close(self) -> None:
        release, self._release = self._release, None
        if callable(release):
            self._connection.close()
            if self.reply is not None:
                self.reply.close()
            release()


def _send(connection: _UnixConnection, target: str, length: int, visitor: Visitor) -> http.client.HTTPResponse:
    body: IO[bytes] = request.environ["wsgi.input"]
    try:
        connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in _headers(visitor).items():
            connection.putheader(name, value.encode("latin-1", "replace"))
        connection.endheaders()
    except (http.client.InvalidURL, ValueError) as why:
        raise Refused(400, "malformed request") from why
    except OSError as why:
        raise PortalDown from why
    left = length
    while left:
        data = _read(body, min(_CHUNK, left))
        left -= len(data)
        try:
            connection.send(data)
        except OSError:
            break  # the portal answered before it had read all, e.g. with "too large"
    try:
        return connection.getresponse()
    except TimeoutError as why:
        raise Refused(504, "the portal does not answer") from why
    except (OSError, http.client.HTTPException) as why:
        raise Refused(502, "the portal broke off") from why


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
    if request.environ.get("HTTP_TRANSFER_ENCODING"):
        raise Refused(411, "send the body with a Content-Length")
    text = request.environ.get("CONTENT_LENGTH") or "0"
    length = int(text) if text.isdigit() else -1
    if length < 0:
        raise Refused(400, "malformed Content-Length")
    if length > MAX_BODY_BYTES:
        raise Refused(413, "More than {limit} MB.", limit=MAX_BODY_BYTES >> 20)
    return length


def _headers(visitor: Visitor) -> dict[str, str]:
    environ = request.environ
    dropped = _HOP_BY_HOP | {name.strip().lower() for name in environ.get("HTTP_CONNECTION", "").split(",")}
    headers: dict[str, str] = {}
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            name = key[5:].replace("_", "-").lower()
            if name not in dropped and name not in _KEPT_HERE and not name.startswith(_OURS):
                headers[name] = value
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            headers[key.replace("_", "-").lower()] = environ[key]
    cookies = [part for part in environ.get("HTTP_COOKIE", "").split(";") if not part.strip().startswith(SESSION)]
    if any(part.strip() for part in cookies):
        headers["cookie"] = ";".join(cookies).strip()
    headers["connection"] = "close"
    headers["x-forwarded-for"] = visitor.address
    return headers | {name.lower(): value for name, value in headers_of(visitor).items()}


def _response(reply: http.client.HTTPResponse, stream: _Stream) -> HTTPResponse:
    dropped = _HOP_BY_HOP | {name.strip().lower() for name in (reply.getheader("connection") or "").split(",")}
    response = HTTPResponse(stream, status=f"{reply.status} {reply.reason or 'OK'}")
    for name, value in reply.getheaders():
        if name.lower() not in dropped and name.lower() not in ("server", "date"):
            response.add_header(name, value)
    if request.method == "HEAD" or reply.status in (204, 304):
        stream.close()
        response.body = b""
    return response
