"""HTTP action against a real HTTP server: document, authentication, refusals, slowness, redirects, TLS, no secret in any text."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote
from xml.etree import ElementTree

import pytest

from board.kit.errors import ConfigError, DeliveryError, PeerRefused
from board.kit.settings import check
from engine.actions.http import ACTION, HttpOptions
from engine.network import Network
from engine.types import PassageImages
from tests.certificates import make_certificates
from tests.samples import env, event
from tests.talker import talker

USER, PASSWORD = "gate", "s3cret:päss"
NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c0"


class Receiver(ThreadingHTTPServer):
    """Takes everything; the path says how it behaves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.got: list[tuple[str, str, dict[str, str], bytes]] = []
        self.release = threading.Event()
        self.scheme = "http"

    def url(self, path: str = "/") -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that gave up is part of these tests


class Answers(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        if path == "/slow":
            self.server.release.wait(20)
        if path == "/basic" and self.headers.get("Authorization") != basic():
            return self.reply(401, {"WWW-Authenticate": 'Basic realm="lpr"'})
        if path == "/digest" and not digest_is_right(self.headers.get("Authorization", ""), self.command, self.path):
            return self.reply(401, {"WWW-Authenticate": f'Digest realm="lpr", qop="auth", algorithm=SHA-256, nonce="{NONCE}"'})
        self.server.got.append((self.command, self.path, dict(self.headers), body))
        if path == "/lines":
            self.send_response(500, "a\x1b\x85b")
            return self.end_headers()
        if path == "/elsewhere/lines":
            return self.reply(302, {"Location": "http://127.0.0.2/a\x1b\x85b"})
        if path == "/elsewhere":
            return self.reply(302, {"Location": f"http://127.0.0.2:{self.server.server_address[1]}/stolen?key=k3y"})
        return self.reply(int(path[1:]) if path[1:].isdigit() else 200, {})

    do_GET = do_POST = answer

    def reply(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def basic() -> str:
    return "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def digest_is_right(header: str, method: str, path: str) -> bool:
    """RFC 7616 with qop=auth and SHA-256."""
    if not header.startswith("Digest "):
        return False
    parts = {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', header)}

    def hashed(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    first, second = hashed(f"{USER}:lpr:{PASSWORD}"), hashed(f"{method}:{path}")
    right = hashed(f"{first}:{NONCE}:{parts.get('nc')}:{parts.get('cnonce')}:auth:{second}")
    return parts.get("username") == USER and parts.get("uri") == path and parts.get("response") == right


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def send(url: str, folder: Path = Path("/nonexistent"), images: PassageImages | None = None, **options: Any) -> str:
    return str(ACTION.deliver(event(images=images or PassageImages()), HttpOptions(url=url, **options), env(images=folder)))


def refused(url: str, **options: Any) -> str:
    with pytest.raises(DeliveryError) as why:
        send(url, **options)
    assert why.value.__cause__ is None
    return str(why.value)


def test_a_post_carries_the_event_with_its_pictures(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "plate.jpg").write_bytes(b"\xff\xd8plate")
    (tmp_path / "full.jpg").write_bytes(b"\xff\xd8full")
    images = PassageImages("full.jpg", "plate.jpg")
    note = send(receiver.url("/api/lpr?key=k3y"), tmp_path, images, full_image=True)
    assert note == f"POST {receiver.url('/api/lpr')} answers 200"
    [(method, path, headers, body)] = receiver.got
    document = json.loads(body)
    assert (method, path, headers["Content-Type"], headers["X-Request-Id"]) == (
        "POST",
        "/api/lpr?key=k3y",
        "application/json",
        "d1",
    )
    assert (document["plate"], document["device"], document["time"]) == ("HK55EVB", "Gate north", "2026-01-02 04:04:05")
    assert (base64.b64decode(document["plate_image"]), base64.b64decode(document["full_image"])) == (
        b"\xff\xd8plate",
        b"\xff\xd8full",
    )


def test_pictures_that_are_not_wanted_or_purged_are_empty(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "full.jpg").write_bytes(b"\xff\xd8full")
    send(receiver.url(), tmp_path, PassageImages("full.jpg", "gone.jpg"))
    document = json.loads(receiver.got[0][3])
    assert (document["plate_image"], document["full_image"]) == ("", "")


def test_a_get_asks_for_the_address_with_caption_and_plate(receiver: Receiver) -> None:
    send(receiver.url("/api/lpr"), method="GET", caption="North gate")
    assert receiver.got[0][:2] == ("GET", "/api/lpr?Caption=North%20gate&description=HK55EVB")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("authentication", ["basic", "digest"])
def test_user_and_password_are_proved_as_the_server_wants(receiver: Receiver, method: str, authentication: str) -> None:
    options: dict[str, Any] = {"method": method, "authentication": authentication, "user": USER, "password": PASSWORD}
    send(receiver.url(f"/{authentication}"), **options)
    assert len(receiver.got) == 1
    wrong = refused(receiver.url(f"/{authentication}"), **{**options, "password": "wrong"})
    assert wrong == f"{receiver.url(f'/{authentication}')} answers 401 Unauthorized"


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_delivered(receiver: Receiver, status: int) -> None:
    assert send(receiver.url(f"/{status}")).endswith(f"answers {status}")


@pytest.mark.parametrize(("status", "words"), [(400, "Bad Request"), (404, "Not Found"), (500, "Internal Server Error"), (503, "")])
def test_any_other_answer_is_tried_again(receiver: Receiver, status: int, words: str) -> None:
    assert f"answers {status} {words}" in refused(receiver.url(f"/{status}"))


def test_a_server_that_takes_too_long_is_tried_again(receiver: Receiver) -> None:
    assert refused(receiver.url("/slow"), timeout_s=1) == f"{receiver.url('/slow')}: no answer in 1 s"


def test_a_server_that_is_not_there_is_named_without_the_query() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = refused(f"http://127.0.0.1:{port}/api?key=k3y", timeout_s=1)
    assert said == f"http://127.0.0.1:{port}/api: no connection (Connection refused)"


def test_a_redirect_is_reported_and_not_followed(receiver: Receiver) -> None:
    said = refused(receiver.url("/elsewhere"), authentication="basic", user=USER, password=PASSWORD)
    assert said.endswith(f"answers 302, look at http://127.0.0.2:{receiver.server_address[1]}/stolen: enter that address")
    assert [path for _, path, _, _ in receiver.got] == ["/elsewhere"]


def test_what_a_server_says_is_told_in_one_line(receiver: Receiver) -> None:
    assert refused(receiver.url("/lines")).endswith("answers 500 a  b")
    assert refused(receiver.url("/elsewhere/lines")).endswith("look at http://127.0.0.2/a  b: enter that address")


def test_a_server_that_talks_nonsense_is_tried_again() -> None:
    def talk(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(b"\x00\xff nonsense\r\n\r\n")
        peer.close()

    with talker(talk) as port:
        assert refused(f"http://127.0.0.1:{port}/", timeout_s=20).endswith("/: it does not answer in HTTP")


def test_no_secret_stands_in_the_log_or_an_error(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    options: dict[str, Any] = {"authentication": "basic", "user": USER, "password": PASSWORD}
    said = [refused(receiver.url("/500?key=k3y"), **options), send(receiver.url("/200?key=k3y"), **options)]
    text = caplog.text + "".join(said)
    assert not [secret for secret in ("k3y", PASSWORD, "s3cret") if secret in text]


def test_proxies_of_the_environment_are_not_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert send(receiver.url()).endswith("answers 200")


def test_a_certificate_that_nobody_vouches_for_is_refused_unless_the_check_is_off(receiver: Receiver, tmp_path: Path) -> None:
    certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    receiver.scheme = "https"
    assert "its certificate is not accepted" in refused(receiver.url())
    assert send(receiver.url(), verify_tls=False).endswith("answers 200")


def certificate(folder: Path) -> None:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def test_a_server_of_an_authority_of_ones_own_is_trusted_and_no_other(receiver: Receiver, tmp_path: Path) -> None:
    ours, other = tmp_path / "ours", tmp_path / "other"
    for each in (ours, other):
        each.mkdir()
    made = make_certificates(ours)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    receiver.scheme = "https"
    assert "its certificate is not accepted" in refused(receiver.url())
    assert "its certificate is not accepted" in refused(receiver.url(), ca=make_certificates(other).ca)
    assert send(receiver.url(), ca=made.ca).endswith("answers 200")
    assert send(receiver.url(), ca=made.certificate.read_text()).endswith("answers 200")  # the server's own


@pytest.mark.parametrize(
    ("format", "content_type"),
    [("XML", "application/xml; charset=utf-8"), ("JSON", "application/json"), ("JSON_IMG", "application/json")],
)
def test_a_document_of_ours_is_posted_as_it_is_made(receiver: Receiver, format: str, content_type: str) -> None:
    send(receiver.url(), format=format)
    [(_, _, headers, body)] = receiver.got
    assert (headers["Content-Type"], body) == (content_type, env().message(event(), format).body)


HOSTILE = "A\"'&<b>\r\nX: y\\ #?/ü車"


def test_a_get_template_takes_any_value(receiver: Receiver) -> None:
    url = receiver.url("/{list}/x?plate={plate}&at={clock}&key=k3y#part")
    note = sent(HOSTILE, url, method="GET", format="TEMPLATE")
    encoded = quote(HOSTILE, safe="")
    assert receiver.got[0][:2] == ("GET", f"/WHITELIST/x?plate={encoded}&at=04%3A04%3A05&key=k3y")
    assert note == f"GET {receiver.url('/WHITELIST/x')} answers 200"


@pytest.mark.parametrize(
    ("content_type", "body", "read"),
    [
        ("application/json", '{"plate": "{plate}"}', lambda body: json.loads(body)["plate"]),
        ("application/xml", '<a p="{plate}">{plate}</a>', lambda body: ElementTree.fromstring(body).text),
        ("application/xml", '<a p="{plate}"/>', lambda body: ElementTree.fromstring(body).attrib["p"]),
        ("application/xml", "<a p='{plate}'/>", lambda body: ElementTree.fromstring(body).attrib["p"]),
        ("application/x-www-form-urlencoded", "x=1&plate={plate}", lambda body: parse_qs(body)["plate"][0]),
    ],
)
def test_a_post_template_takes_any_value(receiver: Receiver, content_type: str, body: str, read: Callable[[str], str]) -> None:
    sent(HOSTILE, receiver.url(), format="TEMPLATE", body=body, content_type=content_type)
    [(_, _, headers, got)] = receiver.got
    assert (headers["Content-Type"], read(got.decode())) == (content_type, HOSTILE)


def test_a_line_of_plain_text_stays_one(receiver: Receiver) -> None:
    sent(HOSTILE, receiver.url(), format="TEMPLATE", body="{plate};{list}", content_type="text/plain")
    assert receiver.got[0][3].decode() == HOSTILE.replace("\r\n", "  ") + ";WHITELIST"


def sent(plate: str, url: str, **options: Any) -> str:
    return str(ACTION.deliver(event(plate), check(HttpOptions, {"url": url, **options}), env()))


def test_a_token_is_shown_to_the_server_alone(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    said = send(receiver.url(), authentication="bearer", password="t0ken.abc-_~+/=")
    assert receiver.got[0][2]["Authorization"] == "Bearer t0ken.abc-_~+/="
    assert "t0ken" not in said + refused(receiver.url("/401"), authentication="bearer", password="t0ken") + caplog.text


def test_a_signature_covers_the_body_or_the_address(receiver: Receiver) -> None:
    send(receiver.url(), hmac_secret="s3cret:päss")
    send(receiver.url("/a?b=c"), method="GET", hmac_secret="s3cret:päss", hmac_header="X-Sign")
    key = "s3cret:päss".encode()
    [(_, _, posted, body), (_, target, asked, _)] = receiver.got
    assert posted["X-Signature-256"] == "sha256=" + hmac.new(key, body, "sha256").hexdigest()
    assert asked["X-Sign"] == "sha256=" + hmac.new(key, target.encode(), "sha256").hexdigest()


# --- servers that do not behave ---------------------------------------------------------------------------------------


class Rude:
    """A server whose every connection is handled by `talk(peer, number)`, in a thread of its own."""

    def __init__(self, talk: Callable[[socket.socket, int], None]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.release = threading.Event()
        self.threads: list[threading.Thread] = []
        self.accepting = threading.Thread(target=self._accept, args=(talk,), daemon=True)
        self.accepting.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def _accept(self, talk: Callable[[socket.socket, int], None]) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return

            def serve(peer: socket.socket = peer, number: int = len(self.threads)) -> None:
                with peer, suppress(OSError):
                    talk(peer, number)

            self.threads.append(threading.Thread(target=serve, daemon=True))
            self.threads[-1].start()

    def close(self) -> None:
        self.release.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in (self.accepting, *self.threads):
            thread.join()


@pytest.fixture
def rude() -> Iterator[Callable[[Callable[[socket.socket, int], None]], Rude]]:
    made: list[Rude] = []

    def start(talk: Callable[[socket.socket, int], None]) -> Rude:
        made.append(Rude(talk))
        return made[-1]

    yield start
    for server in made:
        server.close()


Start = Callable[[Callable[[socket.socket, int], None]], Rude]


def drip(text: bytes, after: bytes = b"") -> Callable[[socket.socket, int], None]:
    """Sends `after` at once, then `text` for ever, a byte every 50 ms."""

    def talk(peer: socket.socket, number: int) -> None:
        peer.sendall(after)
        for byte in itertools.cycle(text):
            peer.sendall(bytes([byte]))
            time.sleep(0.05)

    return talk


@pytest.mark.parametrize(
    "talk",
    [
        drip(b"H"),
        drip(b"X-Header: more\r\n", b"HTTP/1.1 200 OK\r\n"),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["status line", "headers", "interim answers"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_answers_byte_by_byte_is_left_when_the_time_is_over(
    talk: Callable[[socket.socket, int], None], scheme: str, rude: Start
) -> None:
    server = rude(talk)
    url = server.url.replace("http", scheme)
    began = time.monotonic()
    said = refused(url, timeout_s=1)
    took_s = time.monotonic() - began
    assert said == f"{url}: no answer in 1 s" or (scheme == "https" and "no TLS connection (WRONG_VERSION_NUMBER)" in said)
    assert took_s < 10


def test_a_server_that_is_silent_in_its_tls_handshake_is_left_when_the_time_is_over(rude: Start) -> None:
    server = rude(drip(b"\x16\x03\x03\x40\x00" + b"\x00" * 1000))
    url = server.url.replace("http", "https")
    said = refused(url, timeout_s=1)
    assert said == f"{url}: no answer in 1 s"


CHALLENGE = b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\n'


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 401 Unauthorized\r\n" + CHALLENGE + b"Content-Length: 0\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\n" + CHALLENGE + b"Content-Length: 0\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\n" + CHALLENGE + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\n" + CHALLENGE + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhe",
        b"HTTP/1.0 401 Unauthorized\r\n" + CHALLENGE + b"\r\nbody until the end",
    ],
    ids=["keeps", "closes", "chunked", "chunked, cut", "HTTP/1.0"],
)
def test_a_server_that_hangs_up_after_its_401_gets_the_proof_over_a_new_connection(head: bytes, rude: Start) -> None:
    proofs: list[bytes] = []

    def talk(peer: socket.socket, number: int) -> None:
        got = b""
        while b"\r\n\r\n" not in got:
            got += peer.recv(65536)
        proof = re.search(rb"(?i)authorization: ([^\r]*)", got)
        if proof is None:
            peer.sendall(head)
            return
        proofs.append(proof[1])
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    server = rude(talk)
    options: dict[str, Any] = {"method": "GET", "authentication": "digest", "user": USER, "password": PASSWORD}
    url = server.url
    said = [send(url, **options) for _ in range(3)]
    assert said == [f"GET {url} answers 200"] * 3
    assert len(proofs) == 3 and all(proof.startswith(b'Digest username="gate"') for proof in proofs)


def test_a_server_that_answers_before_it_has_read_the_pictures_is_heard(rude: Start) -> None:
    def talk(peer: socket.socket, number: int) -> None:
        peer.recv(1000)
        peer.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(65536):
            pass

    server = rude(talk)
    url = server.url
    said = refused(url)
    assert said == f"{url} answers 413 Too Large"


def test_a_server_that_answers_over_tls_before_it_has_read_the_pictures_is_heard(rude: Start, tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    (tmp_path / "full.jpg").write_bytes(bytes(8_000_000))

    def talk(peer: socket.socket, number: int) -> None:
        with context.wrap_socket(peer, server_side=True) as secured:
            secured.recv(1000)
            secured.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")

    url = rude(talk).url.replace("http:", "https:")
    options: dict[str, Any] = {"full_image": True, "plate_image": False, "ca": made.ca}
    with pytest.raises(PeerRefused, match=f"^{url} answers 413 Too Large$"):
        send(url, tmp_path, PassageImages("full.jpg", ""), **options)


def test_a_nonce_that_is_stale_is_replaced_once_and_a_wrong_password_is_not_tried_again(rude: Start) -> None:
    heard: list[bytes] = []

    def talk(peer: socket.socket, number: int) -> None:
        heard.append(peer.recv(65536))
        stale = b"true" if number == 1 else b"false"
        challenge = b'WWW-Authenticate: Digest realm="r", nonce="n%d", qop="auth", stale=%s\r\n' % (number, stale)
        peer.sendall(b"HTTP/1.1 401 Unauthorized\r\n" + challenge + b"Content-Length: 0\r\n\r\n")

    server = rude(talk)
    assert refused(server.url, method="GET", authentication="digest", user=USER, password="x").endswith("answers 401 Unauthorized")
    assert [re.findall(rb'nonce="(n\d)"', each) for each in heard] == [[], [b"n0"], [b"n1"]]


def test_an_answer_says_that_the_peer_is_there_and_silence_that_it_is_not(receiver: Receiver) -> None:
    with pytest.raises(PeerRefused):
        send(receiver.url("/500"))
    with pytest.raises(DeliveryError) as why:
        send("http://127.0.0.1:9/")
    assert not isinstance(why.value, PeerRefused)


def test_the_camera_itself_is_not_reached_unless_an_administrator_permits_it(receiver: Receiver) -> None:
    barred = replace(env(), network=Network(lambda: ()))
    for host in ("127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"):
        options = HttpOptions(url=f"http://{host}:{receiver.server_address[1]}/")
        with pytest.raises(ConfigError, match="actions may not reach it unless an administrator permits it"):
            ACTION.deliver(event(), options, barred)
    assert receiver.got == []
    permitted = replace(env(), network=Network(lambda: ("127.0.0.1",)))
    assert str(ACTION.deliver(event(), HttpOptions(url=receiver.url()), permitted)).endswith("answers 200")
