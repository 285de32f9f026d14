"""Trigger socket with real TCP clients: every line is answered, nothing that is sent breaks it, it leaves nothing behind."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from board.kit.clients import Clients, read_clients
from board.kit.errors import ConfigError, TriggerRefused
from board.kit.state import State
from engine.dispatch.replies import Replies
from engine.service.servers import trigger
from engine.service.servers.trigger import TriggerServer
from tests.waiting import until


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
    until(lambda: not set(threading.enumerate()) - before, "the end of its threads")


def connect(server: TriggerServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def lines(peer: socket.socket, count: int) -> list[str]:
    data = b""
    while data.count(b"\n") < count:
        more = peer.recv(4096)
        if not more:
            break
        data += more
    return data.decode().split("\r\n")[:-1]


def test_who_comes_by_ipv4_is_named_by_that_though_the_socket_is_one_of_ipv6(fired: Fired) -> None:
    server = TriggerServer(0, "OPEN 1", fired, host="::")
    server.start()
    with connect(server) as peer:
        peer.sendall(b"OPEN 1\n")
        assert lines(peer, 1) == ["OK t1"]
    server.close()
    assert fired.causes == ["socket 127.0.0.1"]


def test_who_is_connected_is_told_with_the_last_message_and_its_answer(fired: Fired, tmp_path: Path) -> None:
    state = State(tmp_path)
    clients = Clients(state, "service")
    clients.start()
    server = TriggerServer(0, "OPEN 1", fired, host="127.0.0.1", clients=clients)
    server.start()
    with connect(server) as peer:
        peer.sendall(b"OPEN 1\n")
        assert lines(peer, 1) == ["OK t1"]
        place = ":".join(map(str, peer.getsockname()))

        def shown() -> list[tuple[str, int, str, str, str, int]]:
            return [
                (told.server, told.count, each.address, each.sent, each.answered, each.count)
                for told in read_clients(state)
                for each in told.clients
            ]

        until(lambda: shown() == [("trigger", 1, place, "OPEN 1", "OK t1", 1)], "its message and answer")
        peer.sendall(b"open it\n")
        lines(peer, 1)
        wrong = ("trigger", 1, place, "", "ERROR this is not the trigger message", 2)
        until(lambda: shown() == [wrong], "what it said wrong")
    until(lambda: [each.count for each in read_clients(state)] == [0], "its end")
    server.close()
    clients.close()


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


@pytest.mark.parametrize("other", [b"open 1\n", b"OPEN 1 \n", b"OPEN\n", b" \n", b"OPEN 11\n"])
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
        (b"\x16\x03\x01" + b"\x00" * 500, "ERROR not a line of text"),
        (b"A" * 255 + b"\xff", "ERROR the line is longer than 256 bytes"),
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


@pytest.mark.parametrize(
    "sent",
    [
        [b"OPEN 1\r"],
        [b"OPEN 1\0"],
        [b"OPEN 1\r\0"],
        [b"OPEN 1\n\r"],
        [b"OPEN 1"],
        [b"\x02OPEN 1\x03"],
        [b"\x01\x02OPEN 1\x03\x04"],
        [b"OPEN 1\x04"],
        [b"\x11OPEN 1\x13"],
        [b"\xef\xbb\xbfOPEN 1\r\n"],
        [b"\xef\xbb", b"\xbfOPEN 1\r\n"],
        [b"\r\n\r\n\0OPEN 1\r\n\r\n"],
        [b"\xff\xfd\x03\xff\xfb\x18\xff\xfb\x00OPEN 1\r\0"],
        [b"\xff\xfa\x18\x00xterm\xff\xf0OP", b"EN\xff", b"\xf1 1\r\n"],
        [b"\xff", b"\xfb", b"\x00", b"OPEN 1\n"],
    ],
)
def test_the_message_counts_once_however_devices_end_and_begin_it(server: TriggerServer, fired: Fired, sent: list[bytes]) -> None:
    with connect(server) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in sent:
            peer.sendall(piece)
        assert lines(peer, 1) == ["OK t1"]
        peer.shutdown(socket.SHUT_WR)
        assert lines(peer, 1) == []
    assert fired.causes == ["socket 127.0.0.1"]


def test_an_end_that_comes_after_the_silence_is_no_second_message(server: TriggerServer, fired: Fired) -> None:
    with connect(server) as peer:
        peer.sendall(b"OPEN 1")
        assert lines(peer, 1) == ["OK t1"]
        peer.sendall(b"\r\nOPEN 1\r\n")
        assert lines(peer, 1) == ["OK t2"]
    assert len(fired.causes) == 2


def test_an_end_that_is_part_of_the_message_ends_nothing(fired: Fired) -> None:
    server = TriggerServer(0, "GO\x03", fired, host="127.0.0.1")
    server.start()
    try:
        with connect(server) as peer:
            peer.sendall(b"GO\x03\r\n")
            assert lines(peer, 1) == ["OK t1"]
    finally:
        server.close()


def test_a_message_without_end_counts_when_the_sender_stops_and_a_part_of_it_does_not(server: TriggerServer, fired: Fired) -> None:
    for sent, answer in ((b"OPEN 1", "OK t1"), (b"OPEN", "ERROR this is not the trigger message")):
        with connect(server) as peer:
            peer.sendall(sent)
            peer.shutdown(socket.SHUT_WR)
            assert lines(peer, 1) == [answer]
    assert len(fired.causes) == 1


def test_a_message_that_does_not_end_in_time_is_answered(server: TriggerServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger, "LINE_TIMEOUT_S", 0.05)
    with connect(server) as peer:
        peer.sendall(b"OPEN")
        assert lines(peer, 2) == ["ERROR the line has no end"]


def test_too_many_wrong_messages_end_the_connection(server: TriggerServer, fired: Fired) -> None:
    with connect(server) as peer:
        peer.sendall(b"no\n" * 19 + b"OPEN 1\n" + b"no\n" * 500)
        answers = lines(peer, 600)
    assert answers == ["ERROR this is not the trigger message"] * 19 + ["OK t1"] + ["ERROR this is not the trigger message"] * 20


def test_idle_connections_do_not_hold_the_socket(server: TriggerServer) -> None:
    idle = [connect(server) for _ in range(trigger.MAX_CONNECTIONS)]
    try:
        idle[0].sendall(b"OPEN 1\n")
        assert lines(idle[0], 1) == ["OK t1"]
        with connect(server) as peer:
            peer.sendall(b"OPEN 1\n")
            assert lines(peer, 1) == ["OK t2"]
        assert lines(idle[1], 2) == ["ERROR too many connections"]  # the oldest that never sent the message
        for each in (idle[0], *idle[2:]):
            each.sendall(b"OPEN 1\n")
            assert lines(each, 1)[0].startswith("OK")
    finally:
        for each in idle:
            each.close()


def test_the_address_with_the_most_connections_gives_one_up(server: TriggerServer) -> None:
    def from_address(host: str) -> socket.socket:
        return socket.create_connection(("127.0.0.1", server.port), timeout=20, source_address=(host, 0))

    first = from_address("127.0.0.1")
    crowd = [from_address("127.0.0.2") for _ in range(trigger.MAX_CONNECTIONS - 1)]
    try:
        crowd[0].sendall(b"OPEN 1\n")
        assert lines(crowd[0], 1) == ["OK t1"]
        late = [from_address("127.0.0.3") for _ in range(3)]
        for each in (first, *late, crowd[0], *crowd[4:]):
            each.sendall(b"OPEN 1\n")
            assert lines(each, 1)[0].startswith("OK")
        assert [lines(each, 2) for each in crowd[1:4]] == [["ERROR too many connections"]] * 3
    finally:
        for each in (first, *crowd, *late):
            each.close()


def test_where_all_others_send_triggers_the_newcomer_is_told_so(server: TriggerServer) -> None:
    peers = [connect(server) for _ in range(trigger.MAX_CONNECTIONS)]
    try:
        for each in peers:
            each.sendall(b"OPEN 1\n")
            assert lines(each, 1)[0].startswith("OK")
        with connect(server) as peer:
            assert lines(peer, 2) == ["ERROR too many connections"]
        peers[0].sendall(b"OPEN 1\n")
        assert lines(peers[0], 1)[0].startswith("OK")
    finally:
        for each in peers:
            each.close()


@pytest.mark.parametrize(("limit", "first"), [("IDLE_LIMIT_S", b""), ("SILENT_LIMIT_S", b"OPEN 1\n")])
def test_a_connection_over_which_nothing_comes_ends_after_its_time(
    server: TriggerServer, monkeypatch: pytest.MonkeyPatch, limit: str, first: bytes
) -> None:
    with connect(server) as peer:
        peer.sendall(first)
        assert lines(peer, 1) == ["OK t1"] if first else True
        monkeypatch.setattr(trigger, limit, 0.2)
        assert lines(peer, 9) == ["ERROR nothing came for too long"]


def test_a_peer_that_breaks_off_leaves_its_place_free(server: TriggerServer) -> None:
    import struct

    for _ in range(2 * trigger.MAX_CONNECTIONS):
        peer = connect(server)
        peer.sendall(b"OPEN 1\n")
        assert lines(peer, 1)[0].startswith("OK")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()


def test_a_port_that_is_taken_is_a_clear_error(server: TriggerServer, fired: Fired) -> None:
    with pytest.raises(ConfigError, match=f"the trigger socket cannot listen on {server.port}: Address already in use"):
        TriggerServer(server.port, "OPEN 1", fired, host="127.0.0.1").start()


def test_an_action_may_answer_the_client_that_triggered(fired: Fired) -> None:
    replies = Replies()
    server = TriggerServer(0, "OPEN 1", fired, host="127.0.0.1", replies=replies)
    server.start()
    with connect(server) as first, connect(server) as second:
        first.sendall(b"OPEN 1\n")
        assert lines(first, 1) == ["OK t1"]
        second.sendall(b"OPEN 1\n")
        assert lines(second, 1) == ["OK t2"]
        assert replies.send("t2", b"HK55EVB\r\n") is True
        assert lines(second, 1) == ["HK55EVB"]
    server.close()
    assert replies.send("t1", b"late") is False


def test_an_answer_with_pictures_arrives_whole_after_the_ok(fired: Fired) -> None:
    replies = Replies()
    server = TriggerServer(0, "OPEN 1", fired, host="127.0.0.1", replies=replies)
    server.start()
    picture = b"<image>" + b"x" * 3_000_000 + b"</image>\r\n"
    with connect(server) as peer:
        peer.sendall(b"OPEN 1\n")
        assert peer.recv(7) == b"OK t1\r\n"
        sender = threading.Thread(target=replies.send, args=("t1", picture))
        sender.start()
        got = b""
        while len(got) < len(picture):
            got += peer.recv(65_536)
        sender.join()
        assert got == picture
    server.close()


def test_a_client_that_does_not_take_its_answer_is_cut_off(fired: Fired, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger, "ANSWER_S", 0.2)
    replies = Replies()
    server = TriggerServer(0, "OPEN 1", fired, host="127.0.0.1", replies=replies)
    server.start()
    with connect(server) as peer:
        peer.sendall(b"OPEN 1\n")
        assert peer.recv(7) == b"OK t1\r\n"
        assert replies.send("t1", b"x" * 20_000_000) is False
        assert replies.send("t1", b"HK55EVB\r\n") is False
    server.close()


@pytest.mark.parametrize("answers", [True, False])
def test_a_client_that_has_ended_its_half_gets_the_answer_of_an_action_if_there_is_one(fired: Fired, answers: bool) -> None:
    """As ncat does it with a pipe (printf 'OPEN 1' | ncat ...): it was told OK, and never the plate."""
    replies = Replies()
    replies.given = answers
    server = TriggerServer(0, "OPEN 1", fired, host="127.0.0.1", replies=replies)
    server.start()
    with connect(server) as peer:
        peer.sendall(b"OPEN 1")
        peer.shutdown(socket.SHUT_WR)
        assert lines(peer, 1) == ["OK t1"]
        if answers:
            assert replies.send("t1", b"HK55EVB\r\n")
            assert lines(peer, 1) == ["HK55EVB"]
        assert peer.recv(1) == b""
    server.close()


def test_a_client_that_hangs_up_after_its_trigger_holds_no_place_once_it_is_answered(fired: Fired) -> None:
    replies = Replies()
    replies.given = True
    server = TriggerServer(0, "OPEN 1", fired, host="127.0.0.1", replies=replies)
    server.start()
    with connect(server) as peer:
        peer.sendall(b"OPEN 1\n")
        assert lines(peer, 1) == ["OK t1"]
    replies.send("t1", b"HK55EVB\r\n")
    until(lambda: not server._peers)
    server.close()


def test_clients_that_hung_up_after_their_trigger_keep_no_other_trigger_out(fired: Fired) -> None:
    """A controller that comes a few times a second had all places for the ten seconds in which an answer might follow."""
    replies = Replies()
    replies.given = True
    server = TriggerServer(0, "OPEN 1", fired, host="127.0.0.1", replies=replies)
    server.start()
    for number in range(trigger.MAX_CONNECTIONS + 3):
        with connect(server) as peer:
            peer.sendall(b"OPEN 1\n")
            assert lines(peer, 1) == [f"OK t{number + 1}"]
    server.close()


def test_a_camera_that_can_start_no_thread_for_a_moment_takes_the_next_trigger(
    server: TriggerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listened any more until a restart."""

    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", start)
        with connect(server) as peer:
            assert peer.recv(1) == b""
    with connect(server) as peer:
        peer.sendall(b"OPEN 1\n")
        assert lines(peer, 1) == ["OK t1"]
