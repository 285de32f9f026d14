"""HTTP action against a real HTTP server: document, authentication, refusals, slowness, redirects, TLS, no secret in any text."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from board.kit.errors import DeliveryError
from engine.actions.http import ACTION, HttpOptions
from engine.types import PassageImages
from tests.samples import env, event

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


def test_a_server_that_talks_nonsense_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            peer, _ = listener.accept()
            peer.recv(65536)
            peer.sendall(b"\x00\xff nonsense\r\n\r\n")
            peer.close()

        thread = threading.Thread(target=talk)
        thread.start()
        assert "no connection" in refused(f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout_s=2)
        thread.join()


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
    with pytest.warns(Warning, match="Unverified HTTPS request"):
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
