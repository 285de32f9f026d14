"""HTTP action: posts the event as Milesight's JSON, or asks for an address with the plate in it.

Sources: manual 4.4, List tab; docs/sources.md, Milesight's event.
"""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, urljoin, urlsplit

from pydantic import field_validator

from board.kit.errors import DeliveryError, PeerRefused
from board.kit.settings import Settings, option
from board.kit.words import Text
from engine.actions._digest import answer as digest_answer
from engine.actions._digest import is_stale
from engine.actions._kind import ActionEnv, ActionKind
from engine.formats.messages import picture
from engine.formats.milesight import document, get_address
from engine.network import Network
from engine.types import PlateEvent

REDIRECTS = (301, 302, 303, 307, 308)

PORTS = {"http": 80, "https": 443}

SAFE = "!#$%&'()*+,/:;=?@[]~"
"""What stays as it was typed in a path and a query; everything else is percent-encoded."""


class HttpOptions(Settings):
    url: str = option("http://192.168.1.10/", "URL", "Where to send, http:// or https://.", widget="url", max_length=500)
    method: str = option(
        "POST",
        "Method",
        "POST sends a JSON document. GET appends Caption and description (the plate) to the URL.",
        choices=("POST", "GET"),
    )
    plate_image: bool = option(True, "Send the plate image", "POST only: adds the plate's picture, base64.")
    full_image: bool = option(False, "Send the image", "POST only: adds the whole picture, base64.")
    caption: str = option("LPR", "Caption", "GET only: value of Caption.", max_length=60)
    authentication: str = option(
        "none", "Authentication", "How the server wants the user and password.", choices=("none", "basic", "digest")
    )
    user: str = option("", "User", "For basic and digest authentication.", max_length=100)
    password: str = option(
        "",
        "Password",
        "For basic and digest authentication.",
        widget="password",
        belongs_to=("url", "authentication", "verify_tls"),
        max_length=200,
    )
    timeout_s: float = option(
        10.0, "Timeout", "Longest wait, from the look-up of the server's name to the end of its answer.", unit="s", ge=1, le=60
    )
    verify_tls: bool = option(
        True, "Check the certificate", "https: refuses a server whose certificate is not valid. Switch off only for a test."
    )

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError as why:
            raise ValueError(f"is not an address: {why}") from why
        if parts.scheme not in PORTS or not host or not url.isprintable() or " " in url:
            raise ValueError("must be an address such as http://192.168.1.10:8080/api/lpr")
        if "@" in url.partition("?")[0]:  # wherever it stands: what is no user and password by the book may be meant as one
            raise ValueError("user and password have fields of their own")
        return url


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    body: bytes
    headers: dict[str, str]

    @property
    def target(self) -> str:
        """Path and query, as they are sent."""
        parts = urlsplit(self.url)
        return quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=SAFE)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    reason: str
    location: str
    challenges: tuple[str, ...]


def _deliver(event: PlateEvent, options: HttpOptions, env: ActionEnv) -> Text:
    target = public_address(options.url)
    try:
        answer = _ask(_request(event, options, env), options, env.network)
    except DeliveryError as why:
        raise DeliveryError("{target}: {reason}", target=target, reason=why.text) from None  # its cause may hold the query
    if answer.status in REDIRECTS:
        # A redirect could carry the plate and the password to another host: it is reported, never followed.
        raise PeerRefused(
            "{target} answers {status_code}, look at {redirect}: enter that address",
            target=target,
            status_code=answer.status,
            redirect=_redirect(options.url, answer.location),
        )
    if not 200 <= answer.status < 300:
        raise PeerRefused(
            "{target} answers {status_code} {reason}", target=target, status_code=answer.status, reason=answer.reason[:60]
        )
    values = {"method": options.method, "target": target, "status_code": answer.status}
    return Text("{method} {target} answers {status_code}", values)


def _request(event: PlateEvent, options: HttpOptions, env: ActionEnv) -> _Request:
    headers = {"X-Request-Id": env.delivery_id, "User-Agent": "Gatewright", "Connection": "close"}
    if options.method == "GET":
        return _Request("GET", get_address(options.url, options.caption, event.passage.plate), b"", headers)
    images = event.passage.images
    body = document(
        event,
        env.device,
        picture(env.images, images.plate) if options.plate_image else b"",
        picture(env.images, images.full) if options.full_image else b"",
    )
    return _Request("POST", options.url, json.dumps(body).encode(), {**headers, "Content-Type": "application/json"})


# --- the exchange -----------------------------------------------------------------------------------------------------


def _ask(request: _Request, options: HttpOptions, network: Network) -> _Answer:
    """The server's last word. Each request goes over a connection of its own: one that was kept may be gone by the time it is used.
    Look-up, connection, TLS and answers take `timeout_s` at most, all together."""
    end_s = time.monotonic() + options.timeout_s
    if options.authentication == "basic":  # as UTF-8; texts would go as Latin-1
        known = base64.b64encode(f"{options.user}:{options.password}".encode()).decode()
        return _exchange(request, {"Authorization": f"Basic {known}"}, options, network, end_s)
    answer = _exchange(request, {}, options, network, end_s)
    for turn in range(2):
        if options.authentication != "digest" or answer.status != 401 or (turn and not is_stale(answer.challenges)):
            break
        proof = digest_answer(answer.challenges, request.method, request.target, request.body, options.user, options.password)
        if not proof:
            break
        answer = _exchange(request, {"Authorization": proof}, options, network, end_s)
    return answer


def _exchange(request: _Request, proof: dict[str, str], options: HttpOptions, network: Network, end_s: float) -> _Answer:
    """One request and the head of its answer; DeliveryError says why there is none."""
    from http.client import HTTPException

    parts = urlsplit(options.url)
    try:
        sock = network.connect(parts.hostname or "", parts.port or PORTS[parts.scheme], end_s)
    except TimeoutError as why:
        raise DeliveryError("no connection in {seconds:g} s", seconds=options.timeout_s) from why
    except OSError as why:
        raise DeliveryError("no connection ({reason})", reason=why.strerror or type(why).__name__) from why
    late = Text("no answer in {seconds:g} s", {"seconds": options.timeout_s})
    with _cut_off(sock, end_s) as is_over:
        try:
            answer = _talk(sock, request, proof, options)
        except ssl.SSLError as why:
            raise DeliveryError(late if is_over() else Text(BAD_TLS)) from why
        except TimeoutError as why:
            raise DeliveryError(late) from why
        except OSError as why:
            reason = why.strerror or type(why).__name__
            raise DeliveryError(late if is_over() else Text("no answer ({reason})", {"reason": reason})) from why
        except (HTTPException, ValueError) as why:
            raise DeliveryError(late if is_over() else Text("it does not answer in HTTP")) from why
        if is_over():  # a head that we cut short looks like a whole one
            raise DeliveryError(late)
        return answer


BAD_TLS = "its certificate is not accepted (or it does not speak https)"


def _talk(sock: socket.socket, request: _Request, proof: dict[str, str], options: HttpOptions) -> _Answer:
    from http import client

    parts = urlsplit(options.url)
    secure = parts.scheme == "https"
    if secure:
        sock = _tls(options.verify_tls).wrap_socket(sock, server_hostname=parts.hostname)
    # Either class knows which port goes without saying in the Host header; neither connects, as it has a socket.
    connection = (client.HTTPSConnection if secure else client.HTTPConnection)(parts.hostname or "", parts.port)
    connection.sock = sock
    try:
        try:
            connection.request(request.method, request.target, request.body or None, {**request.headers, **proof})
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has heard enough, and may have answered
        got = connection.getresponse()
        challenges = tuple(got.headers.get_all("WWW-Authenticate") or ())
        return _Answer(got.status, got.reason, got.headers.get("Location", ""), challenges)
    finally:
        connection.close()


@contextmanager
def _cut_off(sock: socket.socket, end_s: float) -> Iterator[Callable[[], bool]]:
    """Ends the connection at `end_s`, whatever its user waits for: a socket's time-out begins anew with each byte. Gives whether it
    did."""
    over = threading.Event()
    same = sock.dup()  # TLS takes the socket's number over

    def cut() -> None:
        over.set()
        try:
            same.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the server was faster

    timer = threading.Timer(max(0.0, end_s - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield over.is_set
    finally:
        timer.cancel()
        timer.join()
        same.close()
        sock.close()


@cache
def _tls(verify: bool) -> ssl.SSLContext:
    """Read once: the certificates of all authorities are a megabyte."""
    context = ssl.create_default_context()
    if verify:
        import certifi

        context.load_verify_locations(certifi.where())  # besides the system's own: a small image may have none
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


# --- what is said -----------------------------------------------------------------------------------------------------


def server(url: str) -> str:
    """ "nvr.example:8080": whom the URL names, its port said even where it goes without saying."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or PORTS[parts.scheme]}"


def public_address(url: str) -> str:
    """The URL as it may stand in a log: without query, which often holds a key, and without what may be meant as a password."""
    parts = urlsplit(url)
    if "@" in parts.path:
        return f"{parts.scheme}://(an address with @ in it)"
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _redirect(url: str, location: str) -> str:
    try:
        return public_address(urljoin(url, location))[:200]
    except ValueError:
        return "an address that is none"


ACTION = ActionKind(name="http", label="HTTP", options=HttpOptions, deliver=_deliver, peer=lambda options: server(options.url))
