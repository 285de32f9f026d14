"""Messages of RTSP 1.0 (RFC 2326): requests read from a connection, replies written; what strangers send is bounded and checked.

Lines end with CR LF or, as section 4 has receivers take it, with LF alone; a header may go on in lines that begin with a blank.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace

from board.kit.dataclass import dataclass

MAX_HEAD_BYTES = 8_192
MAX_BODY_BYTES = 4_096
MAX_HEADERS = 50
MAX_URL_BYTES = 1_024
INTERLEAVED = b"$"
"""The byte before a packet that travels between messages."""

METHODS = (
    "OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "TEARDOWN", "GET_PARAMETER", "SET_PARAMETER",
)  # fmt: skip

REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 406: "Not Acceptable",
    413: "Request Entity Too Large", 414: "Request-URI Too Large", 415: "Unsupported Media Type", 431: "Headers Too Large",
    451: "Parameter Not Understood", 453: "Not Enough Bandwidth", 454: "Session Not Found",
    455: "Method Not Valid in This State", 459: "Aggregate Operation Not Allowed", 461: "Unsupported Transport",
    500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable", 505: "RTSP Version Not Supported",
    551: "Option Not Supported",
}  # fmt: skip

_END = re.compile(rb"\r?\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_BLANK_LINES = re.compile(rb"(?:\r?\n)*")
_LINE = re.compile(rb"([A-Z_]{1,20}) ([\x21-\x7e]+) RTSP/(\d)\.(\d)")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:([\t\x20-\x7e\x80-\xff]*)")
_NUMBER = re.compile(r"[0-9]{1,10}")
_AUTHORITY = re.compile(r"rtspu?://[^/?#]*", re.IGNORECASE)


class Malformed(Exception):
    """Not RTSP, or beyond the limits. `status`: what to answer before the connection ends; `number`: its CSeq, "" when unknown."""

    def __init__(self, status: int, number: str = "") -> None:
        super().__init__(REASONS[status])
        self.status = status
        self.number = number


@dataclass(frozen=True, slots=True)
class Request:
    """`url`: as sent; `number`: CSeq; `headers`: lower-case names, the first of several of one name counts."""

    method: str
    url: str
    number: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def base(self) -> str:
        """The URL without its query."""
        return self.url.partition("?")[0]

    @property
    def path(self) -> str:
        """Below the camera, without slashes around: "main", "main/video"; "*" for no stream."""
        return _AUTHORITY.sub("", self.base, count=1).strip("/")


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a viewer's request."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Packet:
    """What a viewer sends between its requests."""

    channel: int
    content: bytes


@dataclass(slots=True)
class Reader:
    """Parses the bytes of a connection into requests, and the packets that a viewer sends between them."""

    came: bytearray = field(default_factory=bytearray)
    _head: Request | None = None
    """The request whose body is still coming."""

    def next(self) -> Request | Packet | None:
        """A request, a packet, or None while neither is complete. Malformed: the connection must end."""
        if self._head is None:
            before = _BLANK_LINES.match(self.came)
            assert before is not None
            del self.came[: before.end()]
            if self.came[:1] == INTERLEAVED:
                return self._packet()
            self._head = self._next_head()
        head = self._head
        if head is None or len(self.came) < (length := _length(head)):
            return None
        self._head = None
        return replace(head, body=self._taken(length))

    def _next_head(self) -> Request | None:
        end = _HEAD_END.search(self.came)
        if (len(self.came) if end is None else end.start()) > MAX_HEAD_BYTES:
            raise Malformed(431)
        return None if end is None else _parsed(self._taken(end.end())[: end.start()])

    def _packet(self) -> Packet | None:
        if len(self.came) < 4:
            return None
        whole = 4 + int.from_bytes(self.came[2:4], "big")
        if len(self.came) < whole:
            return None
        packet = self._taken(whole)
        return Packet(packet[1], packet[4:])

    def _taken(self, count: int) -> bytes:
        taken = bytes(self.came[:count])
        del self.came[:count]
        return taken


def _length(head: Request) -> int:
    length = head.headers.get("content-length", "0")
    if not _NUMBER.fullmatch(length):
        raise Malformed(400, head.number)
    if int(length) > MAX_BODY_BYTES:
        raise Malformed(413, head.number)
    return int(length)


def _parsed(head: bytes) -> Request:
    first, *lines = _END.split(_FOLD.sub(b" ", head))
    line = _LINE.fullmatch(first)
    if line is None:
        raise Malformed(400)
    headers = _headers(lines)
    number = headers.get("cseq", "")
    if not _NUMBER.fullmatch(number):
        raise Malformed(400)
    if line[3] != b"1":
        raise Malformed(505, number)
    if len(line[2]) > MAX_URL_BYTES:
        raise Malformed(414, number)
    return Request(line[1].decode("ascii"), line[2].decode("ascii"), number, headers)


def _headers(lines: list[bytes]) -> dict[str, str]:
    if len(lines) > MAX_HEADERS:
        raise Malformed(431)
    headers: dict[str, str] = {}
    for each in lines:
        match = _HEADER.fullmatch(each)
        if match is None:
            raise Malformed(400)
        headers.setdefault(match[1].decode("ascii").lower(), match[2].decode("latin-1").strip(" \t"))
    return headers


def written(reply: Reply, number: str) -> bytes:
    """The reply to the request with that CSeq, "" for one that has none."""
    lines = [f"RTSP/1.0 {reply.status} {REASONS[reply.status]}"]
    lines += [f"CSeq: {number}"] if number else []
    lines += [f"{name}: {value}" for name, value in reply.headers]
    lines += ["Server: Gatewright", f"Content-Length: {len(reply.body)}"] if reply.body else ["Server: Gatewright"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + reply.body


@dataclass(frozen=True, slots=True)
class Transport:
    """The transport that a viewer wants for a track: `ports` of its own for (RTP, RTCP) by UDP, or `channels` of the RTSP
    connection; () if it left the choice to us."""

    udp: bool
    ports: tuple[int, int] = (0, 0)
    channels: tuple[int, int] | tuple[()] = ()


def transport_of(header: str) -> Transport | None:
    """The first transport in a Transport header that we support; None: none of them."""
    return next((found for each in header.split(",")[:8] if (found := _way(each)) is not None), None)


def _way(text: str) -> Transport | None:
    protocol, *parameters = (part.strip() for part in text.split(";"))
    given = {name.strip().lower(): value.strip() for name, _, value in (each.partition("=") for each in parameters)}
    if "multicast" in given or given.get("mode", "play").strip('"').lower() != "play":
        return None
    if protocol.upper() == "RTP/AVP/TCP":
        pair = _pair(given.get("interleaved", ""), 0, 255)
        return Transport(False, channels=pair or ()) if pair or "interleaved" not in given else None
    if protocol.upper() in ("RTP/AVP", "RTP/AVP/UDP"):
        pair = _pair(given.get("client_port", ""), 1024, 65_535)
        return Transport(True, ports=pair) if pair else None
    return None


def _pair(text: str, least: int, most: int) -> tuple[int, int] | None:
    first, dash, second = text.partition("-")
    if not _NUMBER.fullmatch(first) or (dash and not _NUMBER.fullmatch(second)):
        return None
    pair = int(first), int(second) if dash else int(first) + 1
    return pair if least <= min(pair) and max(pair) <= most and pair[0] != pair[1] else None
