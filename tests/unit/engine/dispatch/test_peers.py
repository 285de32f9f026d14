"""Peers: what kinds keep open is opened with the rules, shared, and closed when no enabled rule uses it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from board.kit.errors import BoardError, DeliveryError
from board.kit.settings import Settings, option
from board.kit.words import Text
from engine.actions import ActionEnv, ActionKind
from engine.dispatch.peers import Peers
from tests.samples import WHITE, env, rule


class Options(Settings):
    host: str = option("a", "Host", "Whom it talks to.")


class Bench:
    def __init__(self) -> None:
        self.events: list[str] = []
        self.used: list[tuple[object, tuple[str, ...]]] = []
        self.fails = ""
        self.problems: list[str] = []
        self.kind = ActionKind(
            "gauge",
            "GAUGE",
            Options,
            lambda event, options, env: Text(""),
            peer=lambda each: each.host,
            open=self.open,
            use=self.use,
        )
        self.peers = Peers({"gauge": self.kind}, self.problems.append)

    @contextmanager
    def open(self, peer: str, env: ActionEnv) -> Iterator[str]:
        if self.fails == peer:
            raise BoardError("{peer} is taken", peer=peer)
        self.events.append(f"open {peer}")
        yield f"<{peer}>"
        self.events.append(f"close {peer}")

    def use(self, kept: object, rules: tuple[Options, ...], env: ActionEnv) -> None:
        self.used.append((kept, tuple(each.host for each in rules)))

    def keep(self, *hosts: str, enabled: bool = True) -> None:
        rules = [replace(rule(WHITE, "gauge", host=host), id=number, enabled=enabled) for number, host in enumerate(hosts, 1)]
        self.peers.keep(rules, env)

    def get(self, host: str) -> object:
        return self.peers.get(self.kind, Options(host=host), env)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_is_open_hears_of_the_rules_that_use_it_after_every_change(bench: Bench) -> None:
    bench.keep("a", "a", "b")
    assert bench.used == [("<a>", ("a", "a")), ("<b>", ("b",))]
    bench.keep("a")
    assert bench.used[2:] == [("<a>", ("a",))]


def test_a_peer_is_opened_once_however_many_rules_use_it_and_closed_with_the_last(bench: Bench) -> None:
    bench.keep("a", "a", "b")
    assert bench.events == ["open a", "open b"]
    assert (bench.get("a"), bench.peers.of(1), bench.peers.of(3), bench.peers.of(9)) == ("<a>", "a", "b", "")
    bench.keep("b")
    assert bench.events == ["open a", "open b", "close a"]
    bench.keep("b", enabled=False)
    assert bench.events[-1] == "close b"


def test_what_is_open_stays_open_over_a_change_of_the_rules(bench: Bench) -> None:
    bench.keep("a")
    bench.keep("a", "b")
    assert bench.events == ["open a", "open b"]


def test_a_peer_that_is_only_tried_is_open_until_the_next_one_is(bench: Bench) -> None:
    bench.keep("a")
    assert [bench.get("x"), bench.get("x"), bench.get("y")] == ["<x>", "<x>", "<y>"]
    assert bench.events == ["open a", "open x", "close x", "open y"]
    bench.keep("a", "y")
    assert bench.events[4:] == []
    bench.peers.close()
    assert sorted(bench.events[4:]) == ["close a", "close y"]


def test_peers_that_take_their_time_are_closed_at_once(bench: Bench) -> None:
    """Each slow broker held up the end of the service by two seconds, so that it was killed as one that hangs."""
    together = threading.Barrier(3, timeout=20)

    @contextmanager
    def slow(peer: str, env: ActionEnv) -> Iterator[str]:
        yield f"<{peer}>"
        together.wait()
        bench.events.append(f"close {peer}")

    peers = Peers({"gauge": replace(bench.kind, open=slow)}, bench.problems.append)
    peers.keep([replace(rule(WHITE, "gauge", host=host), id=number) for number, host in enumerate("abc", 1)], env)
    peers.close()
    assert sorted(bench.events) == ["close a", "close b", "close c"]


def test_peers_are_closed_where_no_thread_can_be_started(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    bench.keep("a", "b")
    monkeypatch.setattr(threading.Thread, "start", refuse)
    bench.peers.close()
    assert bench.events[2:] == ["close a", "close b"]


def test_a_peer_that_cannot_be_opened_is_reported_and_tried_again_with_its_delivery(bench: Bench) -> None:
    bench.fails = "a"
    bench.keep("a", "b")
    assert ([str(each) for each in bench.problems], bench.events) == (["GAUGE: a is taken"], ["open b"])
    with pytest.raises(DeliveryError, match="a is taken"):
        bench.get("a")
    bench.fails = ""
    assert bench.get("a") == "<a>"


def test_a_kinds_own_mistake_is_a_delivery_that_fails_and_ends_nothing(bench: Bench) -> None:
    def broken(peer: str, env: ActionEnv) -> Iterator[str]:
        raise KeyError("secret")

    kind = replace(bench.kind, open=broken)
    with pytest.raises(DeliveryError, match="GAUGE: unexpected error: KeyError"):
        bench.peers.get(kind, Options(host="z"), env)


def test_a_kind_that_keeps_nothing_gets_nothing(bench: Bench) -> None:
    assert bench.peers.get(replace(bench.kind, open=None), Options(), env) is None
