"""Replies: the client that triggered gets its answer, as long as it is there."""

from __future__ import annotations

from engine.dispatch.replies import MOST, Replies


def test_the_client_that_triggered_gets_the_answers_to_its_trigger() -> None:
    first: list[bytes] = []
    second: list[bytes] = []
    replies = Replies()
    replies.expect("t1", first.append)
    replies.expect("t2", second.append)
    assert [replies.send("t2", b"OK"), replies.send("t2", b"AGAIN"), replies.send("t3", b"?")] == [True, True, False]
    assert (first, second) == ([], [b"OK", b"AGAIN"])


def test_a_client_that_is_gone_gets_nothing_and_is_forgotten() -> None:
    def gone(data: bytes) -> None:
        raise BrokenPipeError

    replies = Replies()
    replies.expect("t1", gone)
    replies.expect("t2", gone)
    assert [replies.send("t1", b"OK"), replies.send("t2", b"OK")] == [False, False]


def test_the_clients_that_triggered_longest_ago_are_forgotten_first() -> None:
    got: list[bytes] = []
    replies = Replies()
    for number in range(MOST + 1):
        replies.expect(f"t{number}", got.append)
    assert [replies.send("t0", b"0"), replies.send("t1", b"1")] == [False, True]
