"""Heads: the head of an HTTP/1.1 request (RFC 9112), read strictly: what two readers could frame differently is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping

from board.kit.dataclass import dataclass
from board.kit.errors import GatewrightError
from board.kit.words import Text

MAX_HEAD_BYTES = 32 << 10
MAX_TARGET_BYTES = 8 << 10
MAX_HEADERS = 100
UNMEASURED = "send the body with a Content-Length"
_METHOD = re.compile(rb"[A-Z]{1,20}")
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_TARGET = re.compile(rb"[\x21-\x7e\x80-\xff]+")
_LENGTH = re.compile(r"[0-9]{1,15}")
_SINGLE = ("host", "content-length", "content-type", "authorization", "origin")
"""Headers that may stand once only: with two of them, two readers could each believe another one."""


class BadRequest(GatewrightError):
    """A request that is refused before anybody looks at what it asks for. `status`: 4xx or 5xx; the connection ends with it."""

    def __init__(self, status: int, text: str, **values: object) -> None:
        super().__init__(Text(text, values))
        self.status = status


@dataclass(frozen=True, slots=True)
class Head:
    """`target`: as sent, in origin form ("/anpr/live?x=1"); `headers`: lower-case names, several of one name joined with ", "
    (cookies with "; "); `length`: bytes of the body, `chunked`: they are told only as it comes; `keep`: the client wants the
    connection to stay; `expects`: it waits for "100 Continue"."""

    method: str
    target: str
    version: str
    headers: Mapping[str, str]
    length: int
    keep: bool
    expects: bool
    chunked: bool = False

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


def head_end(buffer: bytes | bytearray) -> int:
    """Bytes of the head that `buffer` begins with, its empty line included; 0 while it is not complete. BadRequest: too long."""
    at = buffer.find(b"\r\n\r\n")
    if (at < 0 and len(buffer) > MAX_HEAD_BYTES) or at > MAX_HEAD_BYTES:
        raise BadRequest(431, "the headers are longer than {limit} bytes", limit=MAX_HEAD_BYTES)
    return at + 4 if at >= 0 else 0


def parse(head: bytes) -> Head:
    """The head up to its empty line; BadRequest when it is not one."""
    first, *lines = head[:-4].split(b"\r\n")
    method, target, version = _request_line(first)
    headers = _headers(lines)
    if version == "HTTP/1.1" and "host" not in headers:
        raise BadRequest(400, "the Host header is missing")
    tokens = {token.strip().lower() for token in headers.get("connection", "").split(",")}
    keep = "close" not in tokens and (version == "HTTP/1.1" or "keep-alive" in tokens)
    expects = version == "HTTP/1.1" and headers.get("expect", "").lower() == "100-continue"
    return Head(method, target, version, headers, _length(headers), keep, expects, _is_chunked(version, headers))


def header(line: bytes) -> tuple[bytes, bytes]:
    """Name and value of a header or trailer, as they came."""
    name, colon, value = line.partition(b":")
    if not colon or not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
        raise BadRequest(400, "malformed header")
    return name, value


def origin_form(target: str) -> str:
    """A target without scheme and host, which it has in the absolute form, as sent to proxies."""
    if target.startswith("/") or "://" not in target.partition("?")[0][:8]:  # a path, whatever else it holds
        return target
    return "/" + target.split("/", 3)[3] if target.count("/") > 2 else "/"


def _request_line(line: bytes) -> tuple[str, str, str]:
    parts = line.split(b" ")
    if len(parts) != 3 or not _METHOD.fullmatch(parts[0]) or not _TARGET.fullmatch(parts[1]):
        raise BadRequest(400, "malformed request line")
    if parts[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise BadRequest(505, "this server speaks HTTP 1.1 and 1.0 only")
    if len(parts[1]) > MAX_TARGET_BYTES:
        raise BadRequest(414, "the address is longer than {limit} bytes", limit=MAX_TARGET_BYTES)
    target = origin_form(parts[1].decode("latin-1"))
    if not target.startswith("/") or "#" in target:
        raise BadRequest(400, "malformed address")
    return parts[0].decode("ascii"), target, parts[2].decode("ascii")


def _headers(lines: list[bytes]) -> dict[str, str]:
    if len(lines) > MAX_HEADERS:
        raise BadRequest(431, "more than {limit} headers", limit=MAX_HEADERS)
    headers: dict[str, str] = {}
    for line in lines:
        raw, value = header(line)
        if b"_" in raw:
            continue  # X_Forwarded_For and X-Forwarded-For would become one name in WSGI
        name, text = raw.decode("ascii").lower(), value.strip(b" \t").decode("latin-1")
        if name in headers:
            if name in _SINGLE:
                raise BadRequest(400, "more than one {name} header", name=name)
            text = headers[name] + ("; " if name == "cookie" else ", ") + text
        headers[name] = text
    return headers


def _length(headers: Mapping[str, str]) -> int:
    text = headers.get("content-length", "0")
    if not _LENGTH.fullmatch(text):
        raise BadRequest(400, "malformed Content-Length")
    return int(text)


def _is_chunked(version: str, headers: Mapping[str, str]) -> bool:
    coding = headers.get("transfer-encoding")
    if coding is None:
        return False
    if "content-length" in headers:
        raise BadRequest(400, "both Content-Length and Transfer-Encoding")
    if version != "HTTP/1.1":  # which knows no chunks: who passes it on may not have seen that it has some (RFC 9112, 6.1)
        raise BadRequest(400, "Transfer-Encoding in HTTP/1.0")
    if coding.lower() != "chunked":
        raise BadRequest(411, UNMEASURED)
    return True
