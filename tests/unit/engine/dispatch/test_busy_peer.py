"""A server that says that it is asked too often, or takes no log-in, is left alone: by everything that waits for it."""

from __future__ import annotations

import errno
import json
import socket
import threading
import time
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from board.kit.clock import Clock, TestClock
from board.kit.errors import DeliveryError, PeerBusy, PeerRefused
from board.kit.words import Text
from engine.actions import ActionEnv, Lane, Taken, trigger_server
from engine.actions._http import Login, Request, ask
from engine.actions._tls import client_context
from engine.actions.http import ACTION
from engine.dispatch.breaker import LIMITS, Breaker
from engine.dispatch.intake import Intake
from engine.dispatch.judge import RuleJudge
from engine.dispatch.outbox import Outbox
from engine.dispatch.perform import Performer
from engine.dispatch.replies import Replies
from engine.dispatch.workers import Workers
from engine.network import Network
from engine.store import DeliveryQuery, Store
from engine.stored_pictures import StoredPictures
from engine.types import PlateEvent
from tests.http_peer import Asked, http_peer
from tests.samples import EVERYTHING, WHITE, FakePins, entry, environment, passage, rule
from tests.waiting import until

S = 1_000_000_000
DATE = "Sun, 29 Nov 2026 03:00:00 GMT"


@pytest.mark.parametrize(
    ("status", "headers", "again_s"),
    [
        (429, {"Retry-After": "90"}, 90.0),
        (429, {}, 0.0),
        (429, {"Retry-After": "soon"}, 0.0),
        (429, {"Retry-After": "9" * 400}, 999_999_999.0),
        (503, {"Retry-After": "Sun, 29 Nov 2026 03:02:00 GMT", "Date": DATE}, 120.0),
        (503, {"Retry-After": "Sun, 29 Nov 2026 02:00:00 GMT", "Date": DATE}, 0.0),
        (503, {"Retry-After": "Sun, 29 Nov 2026 03:02:00", "Date": DATE}, 0.0),
    ],
)
def test_when_to_come_again_is_what_the_server_says_by_its_own_clock(
    monkeypatch: pytest.MonkeyPatch, status: int, headers: dict[str, str], again_s: float
) -> None:
    monkeypatch.setattr("http.server.BaseHTTPRequestHandler.date_time_string", lambda *_: headers.get("Date", DATE))
    sent = {name: value for name, value in headers.items() if name != "Date"}  # http.server sends one itself
    with http_peer(lambda asked: (status, sent, b"")) as server, pytest.raises(PeerBusy, match=f"answers {status}") as why:
        ask(Request("POST", f"http://127.0.0.1:{server.port}/", b"x"), Login(), Network(lambda: EVERYTHING), 10.0, client_context())
    assert why.value.again_s == again_s


def test_one_that_only_refuses_what_it_got_is_not_busy() -> None:
    for status in (400, 404, 500, 503):
        with http_peer(lambda asked, status=status: (status, {}, b"")) as server, pytest.raises(DeliveryError) as why:
            url = f"http://127.0.0.1:{server.port}/"
            ask(Request("GET", url), Login(), Network(lambda: EVERYTHING), 10.0, client_context())
        assert type(why.value) is PeerRefused


def test_a_peer_is_left_alone_as_long_as_it_says_but_no_longer_than_its_deliveries_can_wait() -> None:
    for says_s, max_age_s, left_alone_s in (
        (90.0, 86_400.0, 90.0),
        (0.0, 86_400.0, 2.0),
        (1e9, 86_400.0, 300.0),
        (90.0, 10.0, 2.0),
    ):
        breaker = Breaker(LIMITS[Lane.SLOW], (2.0, 300.0))
        breaker.begin("busy")
        breaker.end("busy")
        breaker.silent("busy", 0, max_age_s, (2.0, 300.0), says_s)
        assert breaker.again_ns("busy") == left_alone_s * S


def test_what_waits_for_it_does_not_knock_meanwhile(tmp_path: Path) -> None:
    clock, kinds = Clock(), {"http": ACTION}
    store = Store(tmp_path / "anpr.db", clock, RuleJudge(kinds))
    outbox = Outbox(store, clock, lambda delivery: None)
    performer = Performer(store, outbox, kinds, environment(tmp_path), clock)
    asked: list[str] = []

    def busy(request: object) -> tuple[int, dict[str, str], bytes]:
        asked.append("")
        return 429, {"Retry-After": "250"}, b""

    with http_peer(busy) as server:
        place = f"127.0.0.1:{server.port}"
        store.rules.save(replace(rule(WHITE, "http", url=f"http://{place}/", plate_image=False)), "admin")
        store.entries.save(entry("HK55EVB", WHITE), "admin")
        workers = Workers(Lane.SLOW, kinds, outbox, performer, FakePins(), lambda rule_id: place, clock, lambda problem: None)
        intake = Intake(store, kinds, {Lane.SLOW: workers}, clock)
        for number in range(5):
            intake.take(passage("HK55EVB", id=f"p{number}", at=clock.now(), monotonic_ns=clock.monotonic_ns()))
        workers.start()
        try:
            until(lambda: asked and not workers._breaker._busy, "the first try")
            left_s = (workers._breaker.again_ns(place) - clock.monotonic_ns()) / S
        finally:
            workers.stop(20.0)
        waiting = [each.delivery for each in store.deliveries(DeliveryQuery())]
        store.close()
    assert len(asked) == 1 and 100 < left_s <= 250
    assert [each.state for each in waiting] == ["pending"] * 5


def test_a_log_in_that_is_refused_is_not_tried_with_all_that_waits(tmp_path: Path) -> None:
    """Each delivery tried it by itself, so that a server which counts wrong passwords shut the user, or the camera, out."""
    clock, kinds = Clock(), {"http": ACTION}
    store = Store(tmp_path / "anpr.db", clock, RuleJudge(kinds))
    outbox = Outbox(store, clock, lambda delivery: None)
    performer = Performer(store, outbox, kinds, environment(tmp_path), clock)
    right = b64encode(b"gate:right").decode()
    asked: list[bool] = []
    told: list[bytes] = []

    def wants_a_password(request: Asked) -> tuple[int, dict[str, str], bytes]:
        asked.append(request.headers["Authorization"] == f"Basic {right}")
        told.extend([request.body] * asked[-1])
        return (200, {}, b"") if asked[-1] else (401, {"WWW-Authenticate": 'Basic realm="x"'}, b"")

    with http_peer(wants_a_password) as server:
        place = f"127.0.0.1:{server.port}"
        options = {"url": f"http://{place}/", "authentication": "basic", "user": "gate", "format": "TEMPLATE", "body": "{event}"}
        made = store.rules.save(rule(WHITE, "http", password="wrong", **options), "admin")
        store.entries.save(entry("HK55EVB", WHITE), "admin")
        workers = Workers(Lane.SLOW, kinds, outbox, performer, FakePins(), lambda rule_id: place, clock, lambda problem: None)
        workers._pauses_s["http"] = (200.0, 300.0)
        intake = Intake(store, kinds, {Lane.SLOW: workers}, clock)
        for number in range(5):
            intake.take(passage("HK55EVB", id=f"p{number}", at=clock.now(), monotonic_ns=clock.monotonic_ns()))
        workers.start()
        try:
            until(lambda: asked and not workers._breaker._busy, "the first try")
            with workers._claiming:
                assert workers._claim()[0] is None
            tries = sorted(each.delivery.attempts for each in store.deliveries(DeliveryQuery()))
            store.rules.save(replace(made, options=json.dumps({**options, "password": "right"})), "admin")
            workers.use(store.rules())
            workers.wake(5)
            until(lambda: asked.count(True) == 5, "the one that was tried comes as soon as those that nobody had tried")
        finally:
            workers.stop(20.0)
        store.close()
    assert (tries, asked) == ([0, 0, 0, 0, 1], [False, True, True, True, True, True])
    assert b"p0" in told[:2] and sorted(told) == [b"p0", b"p1", b"p2", b"p3", b"p4"]


@pytest.mark.parametrize("paths", [("deaf", "well"), ("both",)])
def test_what_a_server_never_answers_keeps_nothing_else_from_it(tmp_path: Path, paths: tuple[str, ...]) -> None:
    """An action with another certificate's authority, say, or one picture that it hangs up at: it was the oldest, and alone was
    tried until it was too old."""
    clock, kinds = Clock(), {"http": ACTION}
    store = Store(tmp_path / "anpr.db", clock, RuleJudge(kinds))
    outbox = Outbox(store, clock, lambda delivery: None)
    performer = Performer(store, outbox, kinds, environment(tmp_path), clock)
    well: list[str] = []
    deaf: list[str] = []

    def hangs_up(request: Asked) -> tuple[int, dict[str, str], bytes]:
        if request.path == "/deaf" or (request.path == "/both" and b"p0" in request.body):
            deaf.append(request.path)
            raise ConnectionAbortedError
        well.append(request.path)
        return 200, {}, b""

    with http_peer(hangs_up) as server:
        place = f"127.0.0.1:{server.port}"
        for path in paths:
            options = {"url": f"http://{place}/{path}", "format": "TEMPLATE", "body": "{event}"}
            store.rules.save(rule(WHITE, "http", path, **options), "admin")
        store.entries.save(entry("HK55EVB", WHITE), "admin")
        workers = Workers(Lane.SLOW, kinds, outbox, performer, FakePins(), lambda rule_id: place, clock, lambda problem: None)
        workers._pauses_s["http"] = (0.01, 0.02)
        intake = Intake(store, kinds, {Lane.SLOW: workers}, clock)
        for number in range(5):
            intake.take(passage("HK55EVB", id=f"p{number}", at=clock.now(), monotonic_ns=clock.monotonic_ns()))
        workers.start()
        try:
            until(lambda: len(well) == 4 + (len(paths) > 1), "those that it answers")
            told = len(deaf)
            until(lambda: len(deaf) > told, "the other one is tried all the same")
        finally:
            workers.stop(20.0)
        store.close()


def test_an_action_does_not_wait_because_another_one_gets_no_answer_from_a_server_that_is_there(tmp_path: Path) -> None:
    """One with another certificate's authority, or an address that hangs, had the server left alone for up to five minutes, and so
    long it was not told of cars by an action that it always answers."""
    clock, kinds = Clock(), {"http": ACTION}
    store = Store(tmp_path / "anpr.db", clock, RuleJudge(kinds))
    outbox = Outbox(store, clock, lambda delivery: None)
    performer = Performer(store, outbox, kinds, environment(tmp_path), clock)
    asked: list[str] = []

    def hangs_up(request: Asked) -> tuple[int, dict[str, str], bytes]:
        asked.append(request.path)
        if request.path == "/deaf":
            raise ConnectionAbortedError
        return 200, {}, b""

    with http_peer(hangs_up) as server:
        place = f"127.0.0.1:{server.port}"
        store.entries.save(entry("HK55EVB", WHITE), "admin")
        workers = Workers(Lane.SLOW, kinds, outbox, performer, FakePins(), lambda rule_id: place, clock, lambda problem: None)
        workers._pauses_s["http"] = (200.0, 300.0)
        intake = Intake(store, kinds, {Lane.SLOW: workers}, clock)

        def car(number: int) -> None:
            intake.take(passage("HK55EVB", id=f"p{number}", at=clock.now(), monotonic_ns=clock.monotonic_ns()))
            for _ in range(5):
                with workers._claiming:
                    item, peer, _ = workers._claim()
                if item is not None:
                    workers._settle(item)
                    workers._breaker.end(peer)

        store.rules.save(rule(WHITE, "http", "deaf", url=f"http://{place}/deaf", plate_image=False), "admin")
        car(0)
        store.rules.save(rule(WHITE, "http", "well", url=f"http://{place}/well", plate_image=False), "admin")
        car(1)
        car(2)
        store.close()
    assert asked[:2] == ["/deaf", "/well"] and asked.count("/well") == 2


def test_who_waits_for_the_answer_to_his_trigger_does_not_wait_for_one_who_is_gone(tmp_path: Path) -> None:
    """Some only trigger, and hang up: each held up the answers to the others for seconds, while they were young enough."""
    clock, kinds = Clock(), {"trigger_server": trigger_server.ACTION}
    store = Store(tmp_path / "anpr.db", clock, RuleJudge(kinds))
    outbox = Outbox(store, clock, lambda delivery: None)
    its, got = environment(tmp_path, clock=clock), list[bytes]()
    its._images, its._replies = StoredPictures(tmp_path), Replies()
    its._replies.expect("t1", got.append)
    store.rules.save(rule(WHITE, "trigger_server"), "admin")
    store.entries.save(entry("HK55EVB", WHITE), "admin")
    workers = Workers(
        Lane.SLOW,
        kinds,
        outbox,
        Performer(store, outbox, kinds, its, clock),
        FakePins(),
        lambda rule_id: "",
        clock,
        lambda problem: None,
    )
    intake = Intake(store, kinds, {Lane.SLOW: workers}, clock)
    for number in range(2):
        triggered = {"trigger_id": f"t{number}", "trigger_cause": "socket 10.0.0.5"}
        intake.take(passage("HK55EVB", id=f"p{number}", at=clock.now(), monotonic_ns=clock.monotonic_ns(), **triggered))
    for _ in range(2):
        with workers._claiming:
            item, peer, _ = workers._claim()
        if item is not None:
            workers._settle(item)
            workers._breaker.end(peer)
    store.close()
    assert got == [b"HK55EVB\r\n"]


@pytest.mark.parametrize("meanwhile", [False, True])
@pytest.mark.parametrize("wrong", ["/refused", "/deaf", "/short"])
def test_what_waits_for_an_action_that_is_mended_is_told_at_once_and_in_its_order(
    tmp_path: Path, wrong: str, meanwhile: bool
) -> None:
    """Each waited for its own next try, up to five minutes later, or for the next try of its server. `meanwhile`: while one is
    tried. /short: the camera lacks what it needs for that."""
    clock, kinds = Clock(), {"http": replace(ACTION, pause_s=(200.0, 300.0))}
    store = Store(tmp_path / "anpr.db", clock, RuleJudge(kinds))
    outbox = Outbox(store, clock, lambda delivery: None)
    performer = Performer(store, outbox, kinds, environment(tmp_path), clock)
    told: list[bytes] = []

    def mend() -> None:
        store.rules.save(replace(made, options=json.dumps({**options, "url": f"http://{place}/well"})), "admin")
        workers.use(store.rules())

    def answer(request: Asked) -> tuple[int, dict[str, str], bytes]:
        if meanwhile and request.path == wrong:
            mend()
        if request.path == "/deaf":
            raise ConnectionAbortedError
        if request.path == "/well":
            told.append(request.body)
        return 200 if request.path == "/well" else 404, {}, b""

    def deliver(event: PlateEvent, options: Any, env: ActionEnv) -> Text | Taken:
        if options.url.endswith("/short"):
            if meanwhile:
                mend()
            raise OSError(errno.EMFILE, "Too many open files")
        return ACTION.deliver(event, options, env)

    kinds["http"] = replace(kinds["http"], deliver=deliver)
    with http_peer(answer) as server:
        place = f"127.0.0.1:{server.port}"
        options = {"format": "TEMPLATE", "body": "{event}"}
        made = store.rules.save(rule(WHITE, "http", url=f"http://{place}{wrong}", **options), "admin")
        store.entries.save(entry("HK55EVB", WHITE), "admin")
        workers = Workers(Lane.SLOW, kinds, outbox, performer, FakePins(), lambda rule_id: place, clock, lambda problem: None)
        intake = Intake(store, kinds, {Lane.SLOW: workers}, clock)
        for number in range(5):
            intake.take(passage("HK55EVB", id=f"p{number}", at=clock.now(), monotonic_ns=clock.monotonic_ns()))
        workers.use(store.rules())

        def settle() -> None:
            for _ in range(6):
                with workers._claiming:
                    item, peer, _ = workers._claim()
                if item is not None:
                    workers._settle(item)
                    workers._breaker.end(peer)

        settle()
        if not meanwhile:
            mend()
        settle()
        store.close()
    assert told == [b"p0", b"p1", b"p2", b"p3", b"p4"]


def test_a_server_that_hangs_for_longer_than_what_waits_lives_is_not_tried_for_each_that_is_too_old(tmp_path: Path) -> None:
    """As soon as one was given up the next one was tried, however long the server was left alone: a thread hung all the time."""
    clock, kinds = TestClock(), {"http": replace(ACTION, pause_s=(200.0, 300.0))}
    store = Store(tmp_path / "anpr.db", clock, RuleJudge(kinds))
    outbox = Outbox(store, clock, lambda delivery: None)
    performer = Performer(store, outbox, kinds, environment(tmp_path, clock=clock), clock)

    asked: list[str] = []

    def hangs_up(request: Asked) -> tuple[int, dict[str, str], bytes]:
        asked.append(request.path)
        raise ConnectionAbortedError

    with http_peer(hangs_up) as server:
        place = f"127.0.0.1:{server.port}"
        store.entries.save(entry("HK55EVB", WHITE), "admin")
        store.rules.save(replace(rule(WHITE, "http", url=f"http://{place}/", plate_image=False), max_age_s=3600), "admin")
        workers = Workers(Lane.SLOW, kinds, outbox, performer, FakePins(), lambda rule_id: place, clock, lambda problem: None)
        intake = Intake(store, kinds, {Lane.SLOW: workers}, clock)

        def after(seconds: float, car: str = "") -> int:
            """How often it was asked by then."""
            clock.advance(seconds)
            if car:
                intake.take(passage("HK55EVB", id=car, at=clock.now(), monotonic_ns=clock.monotonic_ns()))
            for _ in range(5):
                with workers._claiming:
                    item, peer, _ = workers._claim()
                if item is not None:
                    workers._settle(item)
                    workers._breaker.end(peer)
            return len(asked)

        assert [after(0, "p0"), after(3595, "p1"), after(1, "p2"), after(1, "p3")] == [1, 2, 2, 2]
        assert after(10) == 2, "the first one is too old, and the others wait for the server"
        assert after(300) > 2
        store.close()


def test_an_action_of_which_one_message_was_refused_does_not_wait_until_another_one_has_told_all_that_it_has(
    tmp_path: Path,
) -> None:
    clock, kinds = TestClock(), {"http": replace(ACTION, pause_s=(200.0, 300.0))}
    store = Store(tmp_path / "anpr.db", clock, RuleJudge(kinds))
    outbox = Outbox(store, clock, lambda delivery: None)
    performer = Performer(store, outbox, kinds, environment(tmp_path, clock=clock), clock)
    asked: list[str] = []

    def answer(request: Asked) -> tuple[int, dict[str, str], bytes]:
        asked.append(f"{request.path} {request.body.decode()}")
        return 400 if asked[-1] == "/choosy p0" else 200, {}, b""

    with http_peer(answer) as server:
        place, told = f"127.0.0.1:{server.port}", {"format": "TEMPLATE", "body": "{event}"}
        store.entries.save(entry("HK55EVB", WHITE), "admin")
        for name in ("choosy", "well"):
            store.rules.save(rule(WHITE, "http", name, url=f"http://{place}/{name}", **told), "admin")
        workers = Workers(Lane.SLOW, kinds, outbox, performer, FakePins(), lambda rule_id: place, clock, lambda problem: None)
        intake = Intake(store, kinds, {Lane.SLOW: workers}, clock)
        for number in range(40):
            intake.take(passage("HK55EVB", id=f"p{number}", at=clock.now(), monotonic_ns=clock.monotonic_ns()))
        for _ in range(30):
            with workers._claiming:
                item, peer, _ = workers._claim()
            assert item is not None
            workers._settle(item)
            workers._breaker.end(peer)
            clock.advance(1.0)
        store.close()
    assert asked[:3] == ["/choosy p0", "/well p0", "/well p1"], "others come first for a while"
    assert asked.count("/choosy p0") == 1 and len([each for each in asked if each.startswith("/choosy")]) > 10


def test_what_hangs_at_a_server_takes_one_place_there(tmp_path: Path) -> None:
    """It took both, for as long as it was given an answer's time: another action that the server answers at once was told late."""
    clock, kinds = Clock(), {"http": replace(ACTION, pause_s=(0.001, 0.001))}
    store = Store(tmp_path / "anpr.db", clock, RuleJudge(kinds))
    outbox = Outbox(store, clock, lambda delivery: None)
    performer = Performer(store, outbox, kinds, environment(tmp_path), clock)
    well, begun, release = list[bytes](), set[str](), threading.Event()

    def hangs(request: Asked) -> tuple[int, dict[str, str], bytes]:
        if request.path == "/well":
            well.append(request.body)
            return 200, {}, b""
        if request.path in begun:
            release.wait(60.0)
        begun.add(request.path)
        raise ConnectionAbortedError

    with http_peer(hangs) as server:
        place, told = f"127.0.0.1:{server.port}", {"format": "TEMPLATE", "body": "{event}"}
        store.entries.save(entry("HK55EVB", WHITE), "admin")
        workers = Workers(Lane.SLOW, kinds, outbox, performer, FakePins(), lambda rule_id: place, clock, lambda problem: None)
        intake = Intake(store, kinds, {Lane.SLOW: workers}, clock)
        for name in ("ill", "iller", "well"):
            store.rules.save(rule(WHITE, "http", name, url=f"http://{place}/{name}", **told), "admin")
        workers.start()
        try:
            for number in range(5):
                intake.take(passage("HK55EVB", id=f"p{number}", at=clock.now(), monotonic_ns=clock.monotonic_ns()))
                until(lambda: len(well) > number and len(begun) == 2)  # noqa: B023
        finally:
            release.set()
            workers.stop(20.0)
        store.close()
    assert len(set(well)) == 5


def test_what_a_server_refuses_keeps_it_from_no_other_action(tmp_path: Path) -> None:
    """It takes its time for each refusal, and enough wait for it that one is due at any time: whatever came later had no turn."""
    clock, kinds = Clock(), {"http": replace(ACTION, pause_s=(0.001, 0.001))}
    store = Store(tmp_path / "anpr.db", clock, RuleJudge(kinds))
    outbox = Outbox(store, clock, lambda delivery: None)
    performer = Performer(store, outbox, kinds, environment(tmp_path), clock)
    refused: list[str] = []

    def refuses(request: Asked) -> tuple[int, dict[str, str], bytes]:
        if request.path == "/well":
            return 200, {}, b""
        time.sleep(0.02)
        refused.append(request.path)
        return 500, {}, b""

    with http_peer(refuses) as server:
        place = f"127.0.0.1:{server.port}"
        store.entries.save(entry("HK55EVB", WHITE), "admin")
        workers = Workers(Lane.SLOW, kinds, outbox, performer, FakePins(), lambda rule_id: place, clock, lambda problem: None)
        intake = Intake(store, kinds, {Lane.SLOW: workers}, clock)
        store.rules.save(rule(WHITE, "http", "ill", url=f"http://{place}/ill", plate_image=False), "admin")
        for number in range(10):
            intake.take(passage("HK55EVB", id=f"p{number}", at=clock.now(), monotonic_ns=clock.monotonic_ns()))
        store.rules.save(rule(WHITE, "http", "well", url=f"http://{place}/well", plate_image=False), "admin")
        workers.start()
        try:
            until(lambda: len(refused) > 10)
            intake.take(passage("HK55EVB", id="p10", at=clock.now(), monotonic_ns=clock.monotonic_ns()))
            begun = len(refused)
            until(lambda: server.got or len(refused) > begun + 100)
        finally:
            workers.stop(20.0)
        store.close()
        assert server.got


def test_what_was_read_before_the_clock_was_set_knocks_at_no_dead_peer_without_a_pause(tmp_path: Path) -> None:
    """By the wall clock it was too old to wait for its peer, by the other one too young to be given up: it was tried hundreds of
    times a second for a day, and each try was written down."""
    clock, kinds = Clock(), {"http": ACTION}
    store = Store(tmp_path / "anpr.db", clock, RuleJudge(kinds))
    outbox = Outbox(store, clock, lambda delivery: None)
    performer = Performer(store, outbox, kinds, environment(tmp_path), clock)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{nobody.getsockname()[1]}"
        store.rules.save(rule(WHITE, "http", url=f"http://{place}/", plate_image=False), "admin")
        store.entries.save(entry("HK55EVB", WHITE), "admin")
        workers = Workers(Lane.SLOW, kinds, outbox, performer, FakePins(), lambda rule_id: place, clock, lambda problem: None)
        workers._pauses_s["http"] = (200.0, 300.0)
        intake = Intake(store, kinds, {Lane.SLOW: workers}, clock)
        for number in range(5):
            then = clock.now() - timedelta(days=2)
            intake.take(passage("HK55EVB", id=f"p{number}", at=then, monotonic_ns=clock.monotonic_ns()))
        for _ in range(20):
            with workers._claiming:
                item, peer, _ = workers._claim()
            if item is not None:
                workers._settle(item)
                workers._breaker.end(peer)
    tries = sorted(each.delivery.attempts for each in store.deliveries(DeliveryQuery()))
    store.close()
    assert tries == [0, 0, 0, 0, 1]


def test_of_what_waits_for_a_peer_that_is_away_only_the_oldest_is_tried(tmp_path: Path) -> None:
    """So that it gets everything in its order once it is back."""
    clock, kinds = Clock(), {"http": ACTION}
    store = Store(tmp_path / "anpr.db", clock, RuleJudge(kinds))
    outbox = Outbox(store, clock, lambda delivery: None)
    performer = Performer(store, outbox, kinds, environment(tmp_path), clock)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{nobody.getsockname()[1]}"
        store.rules.save(rule(WHITE, "http", url=f"http://{place}/", plate_image=False), "admin")
        store.entries.save(entry("HK55EVB", WHITE), "admin")
        workers = Workers(Lane.SLOW, kinds, outbox, performer, FakePins(), lambda rule_id: place, clock, lambda problem: None)
        workers._pauses_s["http"] = (0.01, 0.02)
        intake = Intake(store, kinds, {Lane.SLOW: workers}, clock)
        for number in range(3):
            intake.take(passage("HK55EVB", id=f"p{number}", at=clock.now(), monotonic_ns=clock.monotonic_ns()))
        workers.start()
        try:
            until(lambda: sum(each.delivery.attempts for each in store.deliveries(DeliveryQuery())) > 10)
        finally:
            workers.stop(20.0)
    newer = [each.delivery.attempts for each in store.deliveries(DeliveryQuery())][:2]
    store.close()
    assert newer == [0, 0]
