"""Breaker: dead peers are tried one at a time and ever more rarely, and living ones always find a thread."""

from __future__ import annotations

import pytest

from engine.actions import Lane, find_kinds
from engine.dispatch.breaker import LIMITS, Breaker, Limits

S = 1_000_000_000


@pytest.fixture
def breaker() -> Breaker:
    return Breaker(Limits(threads=4, with_peers=3, doubtful=2, silent=1, one_peer=2), (2.0, 300.0))


def fail(breaker: Breaker, peer: str, now_ns: int, max_age_s: float = 86_400.0) -> None:
    breaker.begin(peer)
    breaker.end(peer)
    breaker.silent(peer, now_ns, max_age_s)


def test_a_peer_that_does_not_answer_is_left_alone_for_a_pause_that_doubles(breaker: Breaker) -> None:
    pauses_s = []
    now_ns = 0
    for _ in range(10):
        fail(breaker, "dead", now_ns)
        again_ns = breaker.again_ns("dead")
        pauses_s.append((again_ns - now_ns) / S)
        assert not breaker.allows("dead", again_ns - 1)
        assert breaker.allows("dead", again_ns)
        now_ns = again_ns
    assert pauses_s == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


@pytest.mark.parametrize("name", ["camera", "mqtt", "onvif", "socket_client", "socket_server"])
def test_who_may_open_something_by_what_it_is_told_is_told_soon_after_it_was_away(breaker: Breaker, name: str) -> None:
    kind, now_ns = find_kinds()[name], 0
    while now_ns < 1800 * S:
        breaker.silent("away", now_ns, kind.max_age_s, kind.pauses_s)
        pause_s, now_ns = (breaker.again_ns("away") - now_ns) / S, breaker.again_ns("away")
    assert pause_s <= 30


def test_only_a_peer_that_is_there_is_tried_for_others_while_it_is_left_alone(breaker: Breaker) -> None:
    for away, tried in ((True, False), (False, True)):
        breaker.silent("peer", 0, 86_400.0, away=away)
        assert (breaker.allows("peer", 0), breaker.allows("peer", 0, unheard=True)) == (False, tried)


def test_a_peer_of_what_is_soon_too_old_is_never_left_alone_for_long(breaker: Breaker) -> None:
    for _ in range(20):
        fail(breaker, "display", 0, max_age_s=10.0)
        assert breaker.again_ns("display") == 2 * S


def test_a_dead_peer_gets_one_probe_at_a_time_and_its_first_answer_closes_it(breaker: Breaker) -> None:
    fail(breaker, "dead", 0)
    assert breaker.allows("dead", 2 * S)
    breaker.begin("dead")
    assert not breaker.allows("dead", 2 * S)
    breaker.end("dead")
    breaker.answered("dead")
    breaker.begin("dead")
    assert breaker.allows("dead", 2 * S)
    breaker.begin("dead")
    assert not breaker.allows("dead", 2 * S)


def test_a_peer_that_has_not_answered_gets_one_delivery_at_a_time_however_much_room_there_is() -> None:
    breaker = Breaker(Limits(threads=9, with_peers=8, doubtful=5, silent=5, one_peer=2), (2.0, 300.0))
    fail(breaker, "dead", 0)
    for peer in ("dead", "new"):
        assert breaker.allows(peer, 2 * S)
        breaker.begin(peer)
        assert not breaker.allows(peer, 2 * S)
    assert breaker.allows("another", 2 * S)


def test_dead_and_new_peers_leave_threads_for_those_that_answered(breaker: Breaker) -> None:
    breaker.answered("live")
    for peer in ("dead 1", "dead 2"):
        fail(breaker, peer, 0)
    breaker.begin("dead 1")
    assert not breaker.allows("dead 2", 9 * S)
    breaker.begin("new 1")
    assert not breaker.allows("new 2", 9 * S)
    assert breaker.allows("live", 9 * S)
    breaker.begin("live")
    assert not breaker.allows("live", 9 * S)  # all threads for peers are taken
    assert breaker.allows("", 9 * S)  # what needs no peer has one of its own
    breaker.begin("")
    assert not breaker.allows("", 9 * S)


def test_what_was_dead_before_the_start_is_tried_as_such_at_once(breaker: Breaker) -> None:
    breaker.remember("dead 1", answered=False)
    breaker.remember("dead 2", answered=False)
    breaker.remember("live", answered=True)
    assert breaker.allows("dead 1", 0)
    breaker.begin("dead 1")
    assert not breaker.allows("dead 2", 0)
    assert breaker.allows("live", 0)


def test_each_lane_keeps_threads_for_what_is_sure_to_answer() -> None:
    for limits in LIMITS.values():
        assert limits.silent <= limits.doubtful < limits.threads
    assert LIMITS[Lane.FAST].threads == 4
    assert LIMITS[Lane.FAST].with_peers < 4
