"""MILESTONE action against servers that answer as the Event Server does, over HTTP and over TCP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from board.kit.errors import DeliveryError, PeerRefused
from engine.actions.milestone import ACTION, UNKNOWN_EVENT, MilestoneOptions
from tests.http_peer import Asked, Reply, http_peer
from tests.samples import ActionPeer, env, event


def accepts(asked: Asked) -> Reply:
    return 200, {}, b"OK"


@contextmanager
def peer(folder: Path) -> Iterator[ActionPeer]:
    with http_peer(accepts) as server:
        yield ActionPeer({"host": "127.0.0.1", "port": server.port}, env(images=folder), server.stop)


def send(port: int, **options: object) -> str:
    chosen = MilestoneOptions(**{"host": "127.0.0.1", "port": port, "timeout_s": 2.0, **options})
    return str(ACTION.deliver(event(), chosen, env()))


def test_the_sample_in_the_messages_page_has_the_event_that_the_manual_tells_to_create() -> None:
    page = (Path(__file__).parents[4] / "docs" / "messages.md").read_text("utf-8")
    assert MilestoneOptions().message == "LPR Camera Event" and "<Message>LPR Camera Event</Message>" in page


def test_the_event_is_posted_as_utf_8_xml_and_its_length_is_in_bytes() -> None:
    with http_peer(accepts) as server:
        assert send(server.port, message="LPR Kamera-Ereignis é") == f"127.0.0.1:{server.port} took LPR Kamera-Ereignis é"
        asked = server.got[0]
    assert (asked.method, asked.path, asked.headers["Content-Type"]) == ("POST", "/", "text/xml; charset=utf-8")
    assert int(asked.headers["Content-Length"]) == len(asked.body)
    assert "<Message>LPR Kamera-Ereignis é</Message>".encode() in asked.body


@pytest.mark.parametrize(("status", "body"), [(400, b"bad"), (403, b"address not allowed"), (500, b"")])
def test_a_refusal_names_the_status(status: int, body: bytes) -> None:
    with http_peer(lambda asked: (status, {}, body)) as server, pytest.raises(PeerRefused, match=f"answers {status}"):
        send(server.port)


def test_a_yes_that_knows_no_such_event_says_where_to_add_it() -> None:
    with (
        http_peer(lambda asked: (200, {}, f"Warning: {UNKNOWN_EVENT}".encode())) as server,
        pytest.raises(PeerRefused, match="has no analytics event named LPR Camera Event: add it in the Management Client"),
    ):
        send(server.port)


class Bare:
    """Takes an event over TCP and says `answer`; then it stays silent, or ends the connection."""

    def __init__(self, answer: bytes, ends: bool = True) -> None:
        self.got = b""
        self.release = threading.Event()
        self._answer, self._ends = answer, ends
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            while b"</AnalyticsEvent>" not in self.got:
                self.got += connection.recv(65536)
            connection.sendall(self._answer)
            if not self._ends:
                self.release.wait(10)

    def __enter__(self) -> Bare:
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self._thread.join()
        self._listener.close()


@pytest.mark.parametrize(("answer", "ends"), [(b"", True), (b"", False)])
def test_over_tcp_a_server_may_say_nothing(answer: bytes, ends: bool) -> None:
    with Bare(answer, ends) as server:
        assert send(server.port, protocol="tcp") == f"127.0.0.1:{server.port} got LPR Camera Event and said nothing"
    assert server.got.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n<AnalyticsEvent xmlns="urn:milestone-systems">')


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno!", "answers 400"),
        (b"Error: the event is not valid", "answers: Error: the event is not valid"),
        (b"Error:\x1b[31m\r\nthe event", r"answers: Error: \[31m the event$"),
        (b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\na\x1b[31mb", r"answers 400 Server: x a \[31mb$"),
        (b"HTTP/1.1 200 OK\r\n\r\nWarning: Event message not known", "add it in the Management Client"),
    ],
)
def test_over_tcp_a_refusal_is_understood_too(answer: bytes, why: str) -> None:
    with Bare(answer) as server, pytest.raises(PeerRefused, match=why):
        send(server.port, protocol="tcp")


def test_a_server_that_is_not_there_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for protocol in ("http", "tcp"):
        with pytest.raises(DeliveryError, match=f"127.0.0.1:{port}.*no connection"):
            send(port, protocol=protocol)


def test_the_address_of_the_peer_is_what_the_log_names() -> None:
    assert ACTION.peer(MilestoneOptions(host="::1")) == "[::1]:9090"
