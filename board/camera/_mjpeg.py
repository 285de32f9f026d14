"""MJPEG over HTTP: a stream of JPEGs, or an address that gives one JPEG each time it is asked.

Many cameras send multipart streams that violate the standard (RFC 2046): no first boundary, no hyphens, wrong lengths. So the
pictures are found by their own markers (board/camera/_jpegs.py), whatever the headers of the parts say.
"""

from __future__ import annotations

import base64
import http.client
import io
import re
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from board.camera import _live
from board.camera._address import Address
from board.camera._jpegs import JpegFinder
from board.camera._live import RGB, SILENCE, Picture
from board.kit.dataclass import dataclass
from board.kit.digest import answer as digest_answer
from board.kit.digest import is_stale
from board.kit.errors import CameraError
from board.kit.words import Text, one_line
from board.pictures import load_rgb

WITHIN_S = 10.0
"""The whole opening, with TLS and a log-in."""
FIRST_PAUSE_S = 12.0
"""How long the second picture may take: before it, the pace of a slow camera is unknown."""
TYPES = ("multipart/", "image/jpeg", "image/jpg", "image/pjpeg", "application/octet-stream")
"""Content types that may hold JPEGs; others are left to FFmpeg."""
MOST_LOG_INS = 5
"""Of one opening: a camera may lead from one address to the next."""
_CHUNK = 1 << 16
_PEEKED = 16
_WRONG = (OSError, http.client.HTTPException, ValueError)


class MjpegSource:
    """`answer`: the camera's, just opened; `asks_per_s`: how often an address of single pictures is asked at most."""

    def __init__(self, address: Address, answer: Answer, asks_per_s: float) -> None:
        self._address = address
        self._answer = answer
        self._pause_s = 1.0 / asks_per_s
        self._steps_s: deque[float] = deque(maxlen=3)
        self._stop = threading.Event()
        self._last_s: float | None = None

    @property
    def silent_s(self) -> float:
        """As long as any source, or three of its own pauses; the first two pictures may be further apart."""
        if not self._steps_s:
            return _live.READ_TIMEOUT_S if self._last_s is None else FIRST_PAUSE_S
        return max(_live.READ_TIMEOUT_S, 3 * max(self._steps_s))

    def pictures(self) -> Iterator[Picture]:
        while not self._stop.is_set():
            asked_s = time.monotonic()
            several = self._answer.is_stream
            got = 0
            for jpeg in self._jpegs():
                got += 1
                yield Picture(partial(_rgb, jpeg))
            if several or not got:
                return
            self._answer.close()
            self._stop.wait(max(0.0, self._pause_s - (time.monotonic() - asked_s)))
            self._answer = ask(self._address)

    def close(self) -> None:
        self._stop.set()
        self._answer.close()

    def _jpegs(self) -> Iterator[bytes]:
        finder = JpegFinder()
        came_s = time.monotonic()
        while True:
            self._answer.sock.settimeout(self.silent_s)
            try:
                data = self._answer.body.read1(_CHUNK)
            except _WRONG as why:
                raise CameraError("{name}: {why}", name=self._address.name, why=_reason(why)) from why
            if not data:
                return
            for jpeg in finder.feed(data):
                came_s = time.monotonic()
                if self._last_s is not None:
                    self._steps_s.append(came_s - self._last_s)
                self._last_s = came_s
                yield jpeg
            silent_s = time.monotonic() - came_s
            if silent_s > self.silent_s:  # bytes come, but no picture
                raise CameraError("{name}: no picture for {silent_s:.0f} s", name=self._address.name, silent_s=silent_s)


@dataclass(frozen=True, slots=True)
class Answer:
    """An open HTTP answer: its body (http.client.HTTPResponse), and the socket below it, whose time-out changes with the pace."""

    body: Any
    sock: socket.socket

    @property
    def _type(self) -> str:
        return str(self.body.headers.get("Content-Type", "")).strip().lower()

    @property
    def holds_jpegs(self) -> bool:
        """Whether this answer can be read here; otherwise FFmpeg tries it. Some cameras give no type, or that of a text."""
        return self._type.startswith(TYPES) or self._begins(b"\xff\xd8\xff") or self._begins(b"--")

    @property
    def is_stream(self) -> bool:
        return self._type.startswith("multipart/") or (not self._type.startswith(TYPES) and self._begins(b"--"))

    def _begins(self, with_: bytes) -> bool:
        try:
            return bytes(self.body.peek(_PEEKED)).lstrip(b"\r\n").startswith(with_)
        except _WRONG:
            return False

    def close(self) -> None:
        self.body.close()


def _without_secrets(reason: str, address: Address) -> str:
    """A camera may repeat what it was asked."""
    from board.kit.secrets import unsaid  # only here: the engine's memory is short

    return one_line(unsaid(reason, address.plain, address.user, address.password), 60)


def ask(address: Address) -> Answer:
    """The camera's answer to a GET, log-in included (basic or digest); CameraError says what it answered instead of 200."""
    sockets: list[socket.socket] = []
    guards: list[socket.socket] = []
    opener = urllib.request.OpenerDirector()
    for handler in (
        _Opens(sockets, guards),
        _LogsIn(address),
        urllib.request.HTTPErrorProcessor(),
        _Follows(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(address.plain, headers={"User-Agent": "gatewright", "Accept": "*/*"})
    over = threading.Event()
    late = threading.Timer(WITHIN_S, _cut, (guards, over))
    late.daemon = True
    late.start()
    try:
        body = opener.open(request, timeout=_live.OPEN_TIMEOUT_S)
    except urllib.error.HTTPError as why:
        why.close()
        if why.code == 401:
            raise CameraError("{name}: it wants another user or password", name=address.name) from None
        reason = _without_secrets(str(why.reason), address)
        raise CameraError("{name}: it answers {status} {reason}", name=address.name, status=why.code, reason=reason) from None
    except _WRONG as why:
        said = SILENCE if over.is_set() else _reason(why)
        raise CameraError("{name}: {why}", name=address.name, why=said) from None  # its text may hold the address
    finally:
        late.cancel()
        for guard in guards:
            guard.close()
    if over.is_set():  # a head that was cut short looks like a whole one
        body.close()
        raise CameraError("{name}: {why}", name=address.name, why=SILENCE)
    return Answer(body, sockets[-1])


def _cut(guards: list[socket.socket], over: threading.Event) -> None:
    """Ends an answer whose head comes byte by byte: each of them would begin the time-out anew."""
    over.set()
    for sock in guards:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue  # it has ended


class _Follows(urllib.request.HTTPRedirectHandler):
    """Goes where the camera leads, without what it says besides: urllib would read that to its end, which may never come."""

    def http_error_302(self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        return super().http_error_302(req, _Unread(fp), code, msg, headers)  # type: ignore[arg-type]

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class _Unread:
    """The answer that led elsewhere."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def read(self) -> bytes:
        return b""

    def close(self) -> None:
        self._answer.close()


class _LogsIn(urllib.request.BaseHandler):
    """Answers a camera that asks for user and password. urllib's own handlers look at the first challenge alone and know neither
    SHA-256 nor names beyond Latin-1; and they tell the password nowhere but below the very path, which a camera may redirect."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._answered: Counter[str] = Counter()

    def http_error_401(self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        challenges = headers.get_all("WWW-Authenticate") or ()
        if self._answered[req.full_url] > is_stale(challenges) or self._answered.total() >= MOST_LOG_INS:
            return None
        self._answered[req.full_url] += 1
        proof = self._proof(challenges, req.get_method(), req.selector) if self._is_asked(req.full_url) else ""
        if not proof:
            return None
        fp.close()
        retried = urllib.request.Request(req.full_url, headers=req.headers)
        retried.add_unredirected_header("Authorization", proof)
        return self.parent.open(retried, timeout=req.timeout)

    def _proof(self, challenges: Sequence[str], method: str, target: str) -> str:
        user, password = self._address.user, self._address.password
        if not user and not password:
            return ""
        proof = digest_answer(challenges, method, target, b"", user, password)
        if proof or not any(re.search(r"(^|,)\s*basic\b", each, re.IGNORECASE) for each in challenges):
            return proof
        return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"

    def _is_asked(self, url: str) -> bool:
        """Whether it is still the camera: the host and port that it was asked at, or its HTTPS after a redirect. Another port may
        be another device's."""
        try:
            now, first = urlsplit(url), urlsplit(self._address.plain)
            secured = (first.scheme, now.scheme) == ("http", "https")
            return now.hostname == first.hostname and ((now.scheme, now.port) == (first.scheme, first.port) or secured)
        except ValueError:
            return False


class _Opens(urllib.request.HTTPSHandler, urllib.request.HTTPHandler):
    """Opens connections and keeps their sockets: the answer itself lends none. `guards`: the same once more, from before TLS takes
    over their numbers, to cut them off."""

    def __init__(self, sockets: list[socket.socket], guards: list[socket.socket]) -> None:
        super().__init__()
        self._sockets = sockets
        self._guards = guards

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._plain, req)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._tls, req)

    def _plain(self, host: str, /, **options: Any) -> http.client.HTTPConnection:
        return self._kept(http.client.HTTPConnection(host, **options))

    def _tls(self, host: str, /, **options: Any) -> http.client.HTTPConnection:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # cameras sign their certificates themselves
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        return self._kept(http.client.HTTPSConnection(host, context=tls, **options))

    def _kept(self, connection: Any) -> http.client.HTTPConnection:
        connection._create_connection = self._connect
        connection.connect()
        self._sockets.append(connection.sock)
        kept: http.client.HTTPConnection = connection
        return kept

    def _connect(self, *where: Any) -> socket.socket:
        sock = socket.create_connection(*where)
        self._guards.append(sock.dup())
        return sock


def _rgb(jpeg: bytes) -> RGB:
    return load_rgb(io.BytesIO(jpeg))


def _reason(why: BaseException) -> Text:
    """What the system says; never the text of a library, which may name the address."""
    inner = why.reason if isinstance(why, urllib.error.URLError) and isinstance(why.reason, BaseException) else why
    if isinstance(inner, TimeoutError):
        return SILENCE
    if isinstance(inner, http.client.HTTPException):
        return Text("its answer is not HTTP")
    return Text(getattr(inner, "strerror", None) or type(inner).__name__)
