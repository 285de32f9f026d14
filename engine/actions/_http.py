"""HTTP: a request to a peer and the head of its answer, with the ways of logging in that receivers know."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from board.kit.dataclass import dataclass
from board.kit.digest import answer as digest_answer
from board.kit.digest import is_stale
from board.kit.errors import ConfigError, DeliveryError, LogInRefused, PeerBusy, PeerRefused
from board.kit.path_keys import without_keys
from board.kit.settings import option
from board.kit.words import Text, mark, one_line
from engine.actions._exchange import Exchange, exchange, place
from engine.network import Network

if TYPE_CHECKING:
    import ssl
    from http.client import HTTPResponse

    from engine.actions._kind import ActionEnv

LONGEST_WAIT_S = 40.0
"""Whoever presses TEST sees the end of it."""
TIMES = (1, 2, 4, 4, 1, 1, 4, 1, 1, 4)
"""So many times as long as its action says an address is given, one after the other while it has requests and does not answer: one
that hangs costs a thread that long now and then only."""
MOST_SLOW = 100
_turns: dict[str, int] = {}
"""By address: which of TIMES is next."""

NEARLY_S = 0.1
"""A socket's own time is up a little before the exchange's."""

LONGEST_LINE = 65_536
"""Of an answer's head, as http.client takes it."""

REDIRECTS = (301, 302, 303, 307, 308)

PORTS = {"http": 80, "https": 443}

ANSWERS = mark("{target} answers {status_code} {reason}")

SAFE = "!#$%&'()*+,/:;=?@[]~"
"""What stays as it was typed in a path and a query; everything else is percent-encoded."""

LOGINS = {"none": mark("none"), "basic": "Basic", "digest": "Digest", "bearer": mark("Bearer token")}


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as it is sent."""

    method: str
    url: str
    body: bytes = b""
    headers: Mapping[str, str] | None = None

    @property
    def target(self) -> str:
        """Path and query, as they are sent."""
        parts = urlsplit(self.url)
        return quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=SAFE)


@dataclass(frozen=True, slots=True)
class Login:
    """`way`: of LOGINS; with "bearer" the password is the token."""

    way: str = "none"
    user: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body`: its first bytes, as many as were asked for; `headers`: by name in lower case."""

    status: int
    reason: str
    location: str
    challenges: tuple[str, ...]
    body: bytes
    headers: Mapping[str, str]


class Unanswered(DeliveryError):
    """The server has the whole request, and did not answer in time."""


def timeout_option() -> float:
    """The field of an option `timeout_s`, the same for all kinds that `tell`."""
    found: float = option(
        10.0,
        "Timeout",
        "Longest wait, from look-up to the end of the answer. A server that has the message and is slow to say so gets up to 40 s.",
        unit="s",
        ge=1,
        le=60,
    )
    return found


def tell(
    whom: str, request: Request, login: Login, env: ActionEnv, timeout_s: float, tls: ssl.SSLContext, most_bytes: int = 0
) -> Answer:
    """`ask`, for a delivery: an address that had one, and was too slow to say so, gets more time (TIMES), and from then on what it
    took. Else it would be told the same for ever, and each event twice. `whom`: the address, the same for all events, though a
    plate may be a part of it."""
    turn = _turns.get(whom, 0)
    times = TIMES[turn % len(TIMES)]
    try:
        answer = ask(request, login, env.network, max(timeout_s, min(LONGEST_WAIT_S, timeout_s * times)), tls, most_bytes)
    except Unanswered:
        _turns[whom] = turn + 1
        while len(_turns) > MOST_SLOW:
            _turns.pop(next(iter(_turns)), None)
        raise
    if turn:
        _turns[whom] = TIMES.index(times)
    return answer


def ask(request: Request, login: Login, network: Network, timeout_s: float, tls: ssl.SSLContext, most_bytes: int = 0) -> Answer:
    """The server's final answer, if it is 2xx. PeerRefused: another status, LogInRefused if it does not take `login`; PeerBusy: it
    takes no more requests for now; DeliveryError: no answer. All name the URL without its query. Each request goes over a
    connection of its own: one that was kept may be gone by the time it is used. `tls` is for https."""
    target = public_address(request.url)
    it = None
    try:
        with exchange(network, target, timeout_s) as it:
            answer = _last_word(request, login, it, tls, most_bytes)
            it.check()
    except DeliveryError as why:
        if it is not None and it.said_all and time.monotonic() > it.end_s - NEARLY_S:
            raise Unanswered(why.text) from None
        raise
    if answer.status in REDIRECTS:
        # A redirect could carry the plate and the password to another host: it is reported, never followed.
        raise PeerRefused(
            "{target} answers {status_code}, look at {redirect}: enter that address",
            target=target,
            status_code=answer.status,
            redirect=_redirect(request.url, answer.location),
        )
    if not 200 <= answer.status < 300:
        raise _refusal(answer, login, target)
    return answer


def _refusal(answer: Answer, login: Login, target: str) -> PeerRefused | PeerBusy:
    """Made here, as an error among the variables of whoever raises it would keep these, and with them the pictures of the request,
    until Python's collector comes."""
    values: dict[str, Any] = {"target": target, "status_code": answer.status, "reason": one_line(answer.reason, 60)}
    if answer.status == 429 or (answer.status == 503 and "retry-after" in answer.headers):
        busy = PeerBusy(ANSWERS, **values)
        busy.again_s = _again_s(answer.headers)
        return busy
    refused = (LogInRefused if answer.status == 401 and login.way != "none" else PeerRefused)(ANSWERS, **values)
    refused.body = answer.body
    return refused


def _again_s(headers: Mapping[str, str]) -> float:
    """Retry-After (RFC 9110, 10.2.3) in seconds, a time by the server's own clock; 0 when it does not say."""
    from email.utils import parsedate_to_datetime

    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdecimal():
        return float(said[:9])
    try:
        return max(0.0, (parsedate_to_datetime(said) - parsedate_to_datetime(headers.get("date", ""))).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def answered(request: Request, answer: Answer) -> Text:
    """ "POST http://nvr.example/api answers 200"."""
    values = {"method": request.method, "target": public_address(request.url), "status_code": answer.status}
    return Text("{method} {target} answers {status_code}", values)


def _last_word(request: Request, login: Login, it: Exchange, tls: ssl.SSLContext, most_bytes: int) -> Answer:
    answer = _one(request, _first_proof(login), it, tls, most_bytes)
    for turn in range(2):
        if login.way != "digest" or answer.status != 401 or (turn and not is_stale(answer.challenges)):
            break
        proof = digest_answer(answer.challenges, request.method, request.target, request.body, login.user, login.password)
        if not proof:
            break
        answer = _one(request, {"Authorization": proof}, it, tls, most_bytes)
    return answer


def _first_proof(login: Login) -> dict[str, str]:
    if login.way == "basic":  # as UTF-8, as below: texts would go as Latin-1, or not at all
        return {"Authorization": f"Basic {base64.b64encode(f'{login.user}:{login.password}'.encode()).decode()}"}
    if login.way == "bearer":
        return {"Authorization": f"Bearer {login.password}".encode().decode("latin-1")}
    return {}


def _one(request: Request, proof: dict[str, str], it: Exchange, tls: ssl.SSLContext, most_bytes: int) -> Answer:
    import ssl
    from http.client import HTTPException

    parts = urlsplit(request.url)
    with it.connect(parts.hostname or "", parts.port or PORTS[parts.scheme]) as sock:
        try:
            return _talk(it, sock, request, proof, tls, most_bytes)
        except ssl.SSLError:  # some of them are ValueErrors
            raise
        except (HTTPException, ValueError) as why:
            raise DeliveryError("it does not answer in HTTP") from why


def _talk(
    it: Exchange, sock: socket.socket, request: Request, proof: dict[str, str], tls: ssl.SSLContext, most_bytes: int
) -> Answer:
    import ssl
    from http import client

    parts = urlsplit(request.url)
    secure = parts.scheme == "https"
    if secure:
        sock = tls.wrap_socket(sock, server_hostname=parts.hostname)
    # Either class knows which port goes without saying in the Host header; neither connects, as it has a socket.
    connection = (client.HTTPSConnection if secure else client.HTTPConnection)(parts.hostname or "", parts.port)
    connection.sock = sock
    connection.response_class = _final(client.HTTPResponse)
    try:
        try:
            connection.request(request.method, request.target, request.body or None, {**(request.headers or {}), **proof})
            it.said_all = True
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            pass  # it has heard enough, and may have answered
        got = connection.getresponse()
        challenges = tuple(got.headers.get_all("WWW-Authenticate") or ())
        body = got.read(most_bytes) if most_bytes else b""
        headers = {name.lower(): value for name, value in got.headers.items()}
        return Answer(got.status, got.reason, got.headers.get("Location", ""), challenges, body, headers)
    finally:
        connection.close()


@cache  # a class that is made for each answer is left to Python's collector
def _final(kind: type[HTTPResponse]) -> type[HTTPResponse]:
    """Answers that come before the final one are passed over (RFC 9110, 15.2); http.client knows "100 Continue" alone."""

    class Final(kind):  # type: ignore[misc, valid-type]
        def _read_status(self) -> tuple[str, int, str]:
            while True:
                version, status, reason = super()._read_status()
                if not 101 < status < 200:
                    return version, status, reason
                while self.fp.readline(LONGEST_LINE + 1).strip():
                    continue

    return Final


# --- what is said -----------------------------------------------------------------------------------------------------


def server(url: str) -> str:
    """ "nvr.example:8080": the host of the URL, always with its port."""
    parts = urlsplit(url)
    return place(parts.hostname or "", parts.port or PORTS[parts.scheme])


def public_address(url: str) -> str:
    """The URL as it may stand in a log: without query, which often holds a key, without what may be meant as a password, and of a
    part of its path that looks like a key only how it begins: whoever knows a webhook's address may use it."""
    parts = urlsplit(url)
    if _may_hold_a_password(parts):
        return f"{parts.scheme}://(an address with @ in it)"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{without_keys(parts.path)}"


def _redirect(url: str, location: str) -> str:
    try:
        return one_line(public_address(urljoin(url, location)), 200)
    except ValueError:
        return "an address that is none"


def check_url(url: str) -> str:
    """The URL as it is; ConfigError says why no request can go to it."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:  # its text names what stands in the place of the port: the beginning of a password, where there is an @
        parts, host = urlsplit(""), None
    if host is None and "@" in url:
        raise ConfigError("user and password have fields of their own")
    if parts.scheme not in PORTS or not host or not url.isprintable() or " " in url:
        raise ConfigError("must be an address such as http://192.168.1.10:8080/api/lpr")
    if "@" in url.partition("?")[0] or _may_hold_a_password(parts):  # wherever it stands it may be meant as a user and password
        raise ConfigError("user and password have fields of their own")
    return url


def _may_hold_a_password(parts: SplitResult) -> bool:
    """One that is not written with % is cut at its first / # or ?, and its beginning taken for a port: "http://guard:24?68@server/".
    Behind a path a query may hold an @."""
    is_cut_at_once = ":" in parts.netloc and not parts.path and "@" in parts.query
    return is_cut_at_once or "@" in parts.path or "@" in parts.fragment
