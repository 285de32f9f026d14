"""Wire: messages between two ends of a real socket, and what a peer that is gone, deaf or talking nonsense looks like."""

import pytest

from board.kit.errors import WireError
from board.kit.wire import MAX_MESSAGE_BYTES, Codec, PeerGone, accept, connect, listen
from board.kit.words import Text
from board.types import PINS_MESSAGES, Frame, PinsDone, PinsRefused, Pulse

pytestmark = pytest.mark.usefixtures("leak_free")

CODEC = Codec(PINS_MESSAGES)


@pytest.fixture
def ends(tmp_path):
    """(server's side, client's side); the server never waits for a reader."""
    listener = listen(tmp_path / "run" / "a.sock")
    client = connect(tmp_path / "run" / "a.sock", CODEC)
    server = accept(listener, CODEC, send_timeout_s=0)
    yield server, client
    for end in (server, client, listener):
        end.close()


def test_a_message_arrives_as_it_was_sent(ends):
    server, client = ends
    client.send(Pulse("a", "DO1", 500, not_after_ns=7))
    assert server.receive(20) == Pulse("a", "DO1", 500, not_after_ns=7)


def test_nothing_arrives_within_the_time(ends):
    assert ends[0].receive(0) is None


def test_a_closed_peer_is_gone(ends):
    server, client = ends
    client.close()
    with pytest.raises(PeerGone):
        server.receive(20)
    with pytest.raises(PeerGone):
        server.send(PinsDone("a", 1))


def test_what_a_peer_said_before_it_closed_arrives_also_where_it_left_something_unread(ends):
    server, client = ends
    server.send(PinsDone("a", 1))
    client.send(Pulse("a", "DO1", 500, not_after_ns=7))
    server.send(PinsDone("b", 2))
    server.close()
    assert client.receive(20) == PinsDone("a", 1)
    assert client.receive(20) == PinsDone("b", 2)
    with pytest.raises(PeerGone):
        client.receive(20)


def test_a_peer_that_does_not_read_is_gone_for_a_sender_that_never_waits(ends):
    server, _ = ends
    with pytest.raises(PeerGone):
        for number in range(10_000):
            server.send(PinsRefused(str(number), Text("x" * 1000)))


def test_what_is_not_part_of_the_protocol_is_neither_sent_nor_taken(ends):
    with pytest.raises(WireError, match="Frame is not part of this protocol"):
        CODEC.encode(Frame(1, None, 0, None))
    for data, why in (
        (b"\xff", "not JSON"),
        (b"[]", "not an object"),
        (b'{"type":"Frame","body":{}}', "unknown message type 'Frame'"),
        (b'{"type":"Pulse","body":{"id":"a"}}', "Pulse: "),
        (b"[" * 20_000, "not JSON"),
        (b'{"type":"Pulse","body":{"id":"a","output":"DO1","duration_ms":1,"not_after_ns":-1' + b"0" * 400 + b"}}", "too large"),
    ):
        with pytest.raises(WireError, match=why):
            CODEC.decode(data)


def test_half_a_character_becomes_a_question_mark():
    data = b'{"type":"PinsRefused","body":{"id":"a\\ud800","why":{"key":"{x}","values":{"x":"\\udfff"}}}}'
    assert CODEC.decode(data) == PinsRefused("a?", Text("{x}", {"x": "?"}))


def test_a_message_over_the_limit_is_refused_by_its_sender():
    with pytest.raises(WireError, match="over the limit"):
        CODEC.encode(PinsRefused("a", Text("x" * MAX_MESSAGE_BYTES)))


def test_nobody_listening_is_an_error_that_names_the_socket(tmp_path):
    with pytest.raises(WireError, match=r"a\.sock does not answer"):
        connect(tmp_path / "a.sock", CODEC)


def test_a_state_folder_with_a_long_path_works(tmp_path):
    folder = tmp_path / ("long" * 30)
    listener = listen(folder / "a.sock")
    connect(folder / "a.sock", CODEC).close()
    listener.close()
    assert (folder / "a.sock").stat().st_mode & 0o777 == 0o600
