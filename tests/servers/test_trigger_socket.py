"""Trigger socket with real TCP clients: every line is answered, nothing that is sent breaks it, it leaves nothing behind."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from board.kit.errors import ConfigError, TriggerRefused
from engine.service.servers import trigger
from engine.service.servers.trigger import TriggerServer


class Fired:
    def __init__(self) -> None:
        self.causes: list[str] = []
        self.refusal = ""

    def __call__(self, cause: str) -> str:
        self.causes.append(cause)
        if self.refusal:
            raise TriggerRefused(self.refusal)
        return f"t{len(self.causes)}"


@pytest.fixture
def fired() -> Fired:
    return Fired()


@pytest.fixture
def server(fired: Fired) -> Iterator[TriggerServer]:
    before = set(threading.enumerate())
    made = TriggerServer(0, "OPEN 1", fired, host="127.0.0.1")
    made.start()
    yield made
    made.close()
    assert [thread for thread in threading.enumerate() if thread not in before] == []


def connect(server: TriggerServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def lines(peer: socket.socket, count: int) -> list[str]:
    data = b""
    while data.count(b"\n") < count:
        more = peer.recv(4096)
        if not more:
            break
        data += more
    return data.decode().split("\r\n")[:-1]


def test_the_message_is_answered_with_ok_and_the_id_of_the_trigger(server: TriggerServer, fired: Fired) -> None:
    with connect(server) as peer:
        peer.sendall(b"OPEN 1\n")
        assert lines(peer, 1) == ["OK t1"]
        peer.sendall(b"OPEN 1\r\n")
        assert lines(peer, 1) == ["OK t2"]
    assert fired.causes == ["socket 127.0.0.1"] * 2


def test_a_refused_trigger_is_answered_with_the_reason_on_one_line(server: TriggerServer, fired: Fired) -> None:
    fired.refusal = "2.5 s too early:\r\nwait"
    with connect(server) as peer:
        peer.sendall(b"OPEN 1\n")
        assert lines(peer, 1) == ["ERROR 2.5 s too early: wait"]


@pytest.mark.parametrize("other", [b"open 1\n", b"OPEN 1 \n", b"OPEN\n", b"\n", b"OPEN 11\n"])
def test_another_message_is_discarded_with_an_answer_and_the_connection_stays(
    server: TriggerServer, fired: Fired, other: bytes
) -> None:
    with connect(server) as peer:
        peer.sendall(other + b"OPEN 1\n")
        assert lines(peer, 2) == ["ERROR this is not the trigger message", "OK t1"]


@pytest.mark.parametrize(
    ("nonsense", "answer"),
    [
        (b"\x00\xff\xfe\n", "ERROR not a line of text"),
        ("ÖFFNE\n".encode(), "ERROR not a line of text"),
        (b"A" * 300, "ERROR the line is longer than 256 bytes"),
        (b"A" * 300 + b"\n", "ERROR the line is longer than 256 bytes"),
        (b"\x16\x03\x01" + b"\x00" * 500, "ERROR the line is longer than 256 bytes"),
    ],
)
def test_nonsense_is_answered_and_ends_the_connection(server: TriggerServer, fired: Fired, nonsense: bytes, answer: str) -> None:
    with connect(server) as peer:
        peer.sendall(nonsense)
        assert lines(peer, 9) == [answer]
    with connect(server) as peer:
        peer.sendall(b"OPEN 1\n")
        assert lines(peer, 1) == ["OK t1"]


def test_a_message_in_pieces_is_one_message(server: TriggerServer) -> None:
    with connect(server) as peer:
        for piece in (b"OP", b"EN", b" 1", b"\nOPEN 1\nOPE"):
            peer.sendall(piece)
        assert lines(peer, 2) == ["OK t1", "OK t2"]


def test_a_line_without_end_is_answered_when_the_sender_stops(server: TriggerServer, fired: Fired) -> None:
    with connect(server) as peer:
        peer.sendall(b"OPEN 1")
        peer.shutdown(socket.SHUT_WR)
        assert lines(peer, 1) == ["ERROR the line has no end (LF)"]
    assert fired.causes == []


def test_a_line_that_does_not_end_in_time_is_answered(server: TriggerServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger, "LINE_TIMEOUT_S", 0.05)
    with connect(server) as peer:
        peer.sendall(b"OPEN 1")
        assert lines(peer, 2) == ["ERROR the line has no end (LF)"]


def test_one_connection_too_many_is_told_so_and_the_others_go_on(server: TriggerServer) -> None:
    peers = [connect(server) for _ in range(trigger.MAX_CONNECTIONS)]
    try:
        peers[-1].sendall(b"OPEN 1\n")
        assert lines(peers[-1], 1) == ["OK t1"]
        with connect(server) as peer:
            assert lines(peer, 2) == ["ERROR too many connections"]
        peers[0].sendall(b"OPEN 1\n")
        assert lines(peers[0], 1) == ["OK t2"]
    finally:
        for peer in peers:
            peer.close()


def test_a_peer_that_breaks_off_leaves_its_place_free(server: TriggerServer) -> None:
    import struct

    for _ in range(2 * trigger.MAX_CONNECTIONS):
        peer = connect(server)
        peer.sendall(b"OPEN 1\n")
        assert lines(peer, 1)[0].startswith("OK")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()


def test_a_port_that_is_taken_is_a_clear_error(server: TriggerServer, fired: Fired) -> None:
    with pytest.raises(ConfigError, match=f"Trigger socket port: {server.port} cannot be used: Address already in use"):
        TriggerServer(server.port, "OPEN 1", fired, host="127.0.0.1").start()
