"""MJPEG: cameras that ask for user and password in other ways than urllib knows, lead elsewhere, or do not say what they send."""

from __future__ import annotations

import base64
import hashlib
import http.server
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest

from board.camera._address import parse_address
from board.camera._mjpeg import ask
from board.kit.errors import CameraError

pytestmark = pytest.mark.usefixtures("leak_free")

JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xd9"
MD5 = 'Digest realm="cam", nonce="n1", qop="auth", algorithm=MD5'
SHA256 = 'Digest realm="cam", nonce="n1", qop="auth", algorithm=SHA-256'

Told = tuple[int, Mapping[str, str], tuple[str, ...]]
"""Status, headers, challenges."""


@contextmanager
def camera(answers: Callable[[str, str], Told]) -> Iterator[int]:
    """A camera on that port; `answers(path, Authorization)`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, challenges = answers(self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            for each in challenges:
                self.send_header("WWW-Authenticate", each)
            self.end_headers()
            if status == 200:
                self.wfile.write(JPEG)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def is_right(authorization: str, user: bytes, path: str) -> bool:
    """As a camera checks it: by the bytes that came."""
    said = {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', authorization)}
    if authorization.startswith("Basic "):
        return base64.b64decode(authorization[6:]) == user + b":secret"
    if said.get("username", "").encode("latin-1") != user or said.get("uri") != path:
        return False
    name = {"MD5": "md5", "SHA-256": "sha256"}[said["algorithm"]]

    def hashed(data: bytes) -> str:
        return hashlib.new(name, data).hexdigest()

    first, second = hashed(user + b":cam:secret"), hashed(f"GET:{path}".encode())
    between = ":".join(said[each] for each in ("nonce", "nc", "cnonce", "qop"))
    return said["response"] == hashed(f"{first}:{between}:{second}".encode())


@pytest.mark.parametrize(
    "challenges",
    [
        (SHA256,),
        (SHA256, MD5),
        (MD5, SHA256),
        ("Negotiate", MD5),
        ('Bearer realm="cam"', 'Basic realm="cam"'),
        ('Basic realm="cam", ' + MD5,),
    ],
)
@pytest.mark.parametrize(("typed", "user"), [("guard", b"guard"), ("%C5%81ukasz", "Łukasz".encode())])
def test_a_camera_is_given_user_and_password_whichever_way_it_asks(challenges: tuple[str, ...], typed: str, user: bytes) -> None:
    def answers(path: str, authorization: str) -> Told:
        right = is_right(authorization, user, path)
        return (200, {"Content-Type": "image/jpeg"}, ()) if right else (401, {}, challenges)

    with camera(answers) as port:
        answer = ask(parse_address(f"http://{typed}:secret@127.0.0.1:{port}/now.jpg?size=1"))
        assert answer.body.read() == JPEG
        answer.close()


def test_who_offers_a_digest_is_not_told_the_password_itself() -> None:
    told: list[str] = []

    def answers(path: str, authorization: str) -> Told:
        told.append(authorization)
        return (200, {"Content-Type": "image/jpeg"}, ()) if authorization else (401, {}, ('Basic realm="cam"', MD5))

    with camera(answers) as port:
        ask(parse_address(f"http://guard:secret@127.0.0.1:{port}/now.jpg")).close()
    assert [each.partition(" ")[0] for each in told] == ["", "Digest"]


def test_a_camera_may_lead_to_another_address_of_its_own_that_asks_too() -> None:
    def answers(path: str, authorization: str) -> Told:
        if path == "/":
            return 302, {"Location": "/now.jpg"}, ()
        right = is_right(authorization, b"guard", path)
        return (200, {"Content-Type": "image/jpeg"}, ()) if right else (401, {}, (MD5,))

    with camera(answers) as port:
        answer = ask(parse_address(f"http://guard:secret@127.0.0.1:{port}/"))
        assert answer.body.read() == JPEG
        answer.close()


def test_who_a_camera_leads_to_is_told_no_password() -> None:
    told: list[str] = []

    def elsewhere(path: str, authorization: str) -> Told:
        told.append(authorization)
        return 401, {}, ('Basic realm="cam"',)

    with (
        camera(elsewhere) as other,
        camera(lambda *_: (302, {"Location": f"http://127.0.0.1:{other}/"}, ())) as port,
        pytest.raises(CameraError, match="another user or password"),
    ):
        ask(parse_address(f"http://guard:secret@127.0.0.1:{port}/"))
    assert told == [""]


def test_a_wrong_password_is_tried_once() -> None:
    told: list[str] = []

    def answers(path: str, authorization: str) -> Told:
        told.append(authorization)
        return 401, {}, (MD5,)

    with camera(answers) as port, pytest.raises(CameraError, match="another user or password"):
        ask(parse_address(f"http://guard:wrong@127.0.0.1:{port}/"))
    assert len(told) == 2


@pytest.mark.parametrize("kind", ["", "text/plain", "text/html", "image/*", "application/jpeg"])
def test_a_picture_is_one_whatever_the_camera_calls_it(kind: str) -> None:
    with camera(lambda *_: (200, {"Content-Type": kind} if kind else {}, ())) as port:
        answer = ask(parse_address(f"http://127.0.0.1:{port}/now.jpg"))
        assert answer.holds_jpegs and not answer.is_stream
        assert answer.body.read() == JPEG
        answer.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_what_a_camera_says_while_it_leads_elsewhere_is_not_read(status: int) -> None:
    """An answer without an end filled the memory until the time was over."""
    ended = threading.Event()

    def lead(listener: socket.socket, port: int) -> None:
        sock, _ = listener.accept()
        with sock:
            while b"\r\n\r\n" not in sock.recv(65_536):
                continue
            sock.sendall(f"HTTP/1.1 {status} Elsewhere\r\nLocation: http://127.0.0.1:{port}/\r\n\r\nand so on".encode())
            ended.wait()

    with camera(lambda *_: (200, {"Content-Type": "image/jpeg"}, ())) as port, socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lead, args=(listener, port))
        thread.start()
        try:
            ask(parse_address(f"http://127.0.0.1:{listener.getsockname()[1]}/")).close()
        finally:
            ended.set()
            thread.join()


def test_a_camera_that_repeats_what_it_was_asked_shows_no_password_to_whoever_looks_at_the_status() -> None:
    """Its words stand on every page and in the log."""

    class Echo(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = self.headers.get("Authorization", "")
            if not said:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="cam"')
            else:
                self.send_response(403, f"no {said} for {self.path} " + "x" * 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.raises(CameraError) as why:
            ask(parse_address(f"http://guard:deep-secret@127.0.0.1:{server.server_port}/v?psw=other-one&x=1"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    said = str(why.value)
    assert "it answers 403 no Basic (hidden) for /v?psw=(hidden)&x=1 xx" in said and len(said) < 120
