"""HTTP: answers that a server gives before its final one (RFC 9110, 15.2): each client has to pass them over."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from board.kit.errors import DeliveryError, PeerRefused
from engine.actions._http import Login, Request, ask
from engine.network import Network

pytestmark = pytest.mark.usefixtures("leak_free")

FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def server(said: bytes) -> Iterator[str]:
    """Says that to whoever has asked."""

    def serve(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock:
            while b"\r\n\r\n" not in sock.recv(65_536):
                continue
            sock.sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


def asked(url: str) -> bytes:
    network = Network(lambda: ("127.0.0.1",))
    return ask(Request("GET", url), Login(), network, 5.0, ssl.create_default_context(), 100).body


@pytest.mark.parametrize(
    "before",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nX: y\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_what_comes_before_the_answer_is_not_taken_for_it(before: bytes) -> None:
    with server(before + FINAL) as url:
        assert asked(url) == b"ok"


def test_who_says_nothing_more_has_not_answered() -> None:
    with server(b"HTTP/1.1 102 Processing\r\n\r\n") as url, pytest.raises(DeliveryError):
        asked(url)


def test_who_changes_the_protocol_has_refused() -> None:
    with server(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n") as url, pytest.raises(PeerRefused, match="answers 101"):
        asked(url)
