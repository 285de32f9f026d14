"""Outbox and workers: retries, ages, crashes at every step, and lanes that do not hold each other up."""

from __future__ import annotations

import itertools
import json
import logging
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from board.kit.clock import Clock, TestClock
from board.kit.errors import ConfigError, DeliveryError, PeerRefused, StorageFull, StoreError
from board.kit.settings import Settings, option
from board.kit.words import Text
from board.types import PinsDone, Pulse
from engine.actions import ActionEnv, ActionKind, Lane, Taken
from engine.dispatch.breaker import LIMITS
from engine.dispatch.intake import Intake
from engine.dispatch.judge import RuleJudge
from engine.dispatch.outbox import Outbox, pause_s
from engine.dispatch.perform import Performer
from engine.dispatch.workers import Workers
from engine.store import DeliveryQuery, Store
from engine.store.queries import Head, RuleResult
from engine.types import Delivery, PlateEvent
from tests.dispatch_camera import KINDS, Camera
from tests.samples import ALL, NOW, NOW_NS, WHITE, FakePins, entry, environment, passage, rule
from tests.waiting import until


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    made = Camera(tmp_path)
    made.store.entries.save(entry("HK55EVB"), "admin")
    made.store.rules.save(rule(duration_ms=500), "admin")
    return made


def test_a_listed_car_gives_one_pulse_with_the_id_of_its_delivery(camera: Camera) -> None:
    assert camera.intake.take(passage()) is True
    assert camera.turn() is True
    delivery = camera.store.deliveries(DeliveryQuery())[0].delivery
    assert camera.pins.requests == [Pulse(delivery.id, "DO1", 500, 0, NOW_NS + 10_000_000_000)]
    assert camera.states() == [("done", 1, "DO1 pulsed 500 ms")]
    assert {name: one.value for name, one in camera.store.counters().items()} == {"Results": 1, "Actions": 1}
    assert camera.turn() is False


def test_a_peer_that_repeats_what_it_was_sent_brings_no_password_into_log_and_audit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    http = KINDS["http"]
    options = {
        "url": "http://127.0.0.1/in?token=t0ken-in-address&gate=1", "format": "JSON", "authentication": "basic", "user": "cam",
        "password": "pass word/1", "hmac_secret": "signs-it",
    }  # fmt: skip
    secrets = ("t0ken-in-address", "pass word/1", "pass%20word%2F1", b64encode(b"cam:pass word/1").decode(), "signs-it")
    said: list[str] = []

    def deliver(event: PlateEvent, given: Settings, env: ActionEnv) -> Text:
        raise PeerRefused("{target} answers {reason}", target="127.0.0.1", reason=Text("{words}", {"words": [said[-1]]}))

    with caplog.at_level("DEBUG"):
        for number, each in enumerate((*secrets, *(each[:8] for each in secrets))):
            said.append(f"401 for gate 1: {each}")
            folder = tmp_path / str(number)
            folder.mkdir()
            camera = Camera(folder, {**KINDS, "http": replace(http, deliver=deliver)})
            camera.store.rules.save(replace(rule(), kind="http", options=json.dumps(options), list_id=ALL), "admin")
            assert camera.intake.take(passage()) and camera.turn()
            assert camera.states() == [("pending", 1, "127.0.0.1 answers 401 for gate 1: (hidden)")]
            camera.store.close()
    assert not [each for each in secrets if each[:8] in caplog.text]


def test_words_of_a_peer_that_no_database_takes_leave_no_delivery_stuck(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def deliver(event: PlateEvent, given: Settings, env: ActionEnv) -> Text:
        raise PeerRefused("{target} answers {reason}", target="127.0.0.1", reason="\ud800")  # half a character, of JSON

    camera = Camera(tmp_path, {**KINDS, "http": replace(KINDS["http"], deliver=deliver)})
    camera.store.entries.save(entry("HK55EVB"), "admin")
    camera.store.rules.save(rule(kind="http"), "admin")
    camera.intake.take(passage())
    with caplog.at_level("CRITICAL"):  # what pytest's workers send each other takes no half character either
        assert camera.turn() is True
    assert camera.states() == [("pending", 1, "127.0.0.1 answers ?")]


def test_the_log_says_what_an_action_did_for_which_plate(camera: Camera, caplog: pytest.LogCaptureFixture) -> None:
    camera.intake.take(passage())
    with caplog.at_level("INFO"):
        camera.turn()
    said = [record.getMessage() for record in caplog.records if "DO1 pulsed 500 ms" in record.getMessage()]
    assert len(said) == 1 and "HK55EVB" in said[0]


def test_a_repeated_passage_is_stored_once_and_opens_once(camera: Camera) -> None:
    assert [camera.intake.take(passage()), camera.intake.take(passage())] == [True, False]
    while camera.turn():
        pass
    assert len(camera.pins.requests) == 1


def test_a_failed_try_comes_again_at_least_twice_a_second_until_the_delivery_expires(camera: Camera) -> None:
    camera.pins.errors = ["pins is gone"] * 99
    camera.intake.take(passage())
    times_s = []
    while camera.states()[0][0] == "pending":
        if camera.turn() and camera.states()[0][0] == "pending":
            times_s.append(round((camera.clock.now() - NOW).total_seconds(), 2))
        camera.clock.advance(0.05)
    assert times_s[:5] == [0.0, 0.2, 0.6, 1.1, 1.6]
    assert max(later - before for before, later in itertools.pairwise(times_s)) < 0.56
    assert camera.states() == [("expired", len(times_s) + 1, "pins is gone")]
    *tries, last = camera.pins.requests
    assert len(tries) == len(times_s)
    assert last.not_after_ns < camera.clock.monotonic_ns(), "pins is asked whether an earlier try began, and begins nothing"


def test_the_rule_remembers_its_last_success_and_its_last_error(camera: Camera) -> None:
    camera.pins.errors = ["DO1 is taken by process 7"]
    camera.intake.take(passage())
    camera.turn()
    camera.clock.advance(1)
    camera.turn()
    result = camera.store.rules.results()[1]
    assert (result.done_at, str(result.done_note)) == (NOW + timedelta(seconds=1), "DO1 pulsed 500 ms")
    assert (result.error_at, str(result.error)) == (NOW, "DO1 is taken by process 7")


def test_each_try_that_ended_is_told_with_what_became_of_it(camera: Camera) -> None:
    camera.pins.errors = ["DO1 is taken by process 7"]
    camera.intake.take(passage())
    camera.turn()
    camera.clock.advance(1)
    camera.turn()
    again, done = camera.told
    assert (again.state, again.attempts, str(again.note), again.finished_at) == ("pending", 1, "DO1 is taken by process 7", None)
    assert again.next_try_at == NOW + timedelta(seconds=0.2)
    assert done == camera.store.deliveries(DeliveryQuery())[0].delivery


def test_a_service_that_was_away_for_ten_seconds_opens_nothing(camera: Camera) -> None:
    camera.intake.take(passage())
    camera.clock.advance(10)
    camera.crash()
    camera.turn()
    assert (camera.states(), camera.pins.requests) == ([("expired", 1, "too late")], [])


def test_a_delivery_of_an_earlier_boot_opens_nothing_though_the_wall_clock_stood_still(camera: Camera) -> None:
    camera.intake.take(passage(monotonic_ns=NOW_NS + 1))  # the monotonic clock began anew
    camera.turn()
    assert camera.pins.requests == []


def test_a_wall_clock_set_back_opens_nothing_late(camera: Camera) -> None:
    camera.intake.take(passage(monotonic_ns=NOW_NS - 10_000_000_000))
    camera.turn()
    assert camera.pins.requests == []


def test_a_wall_clock_that_is_set_while_a_car_waits_lets_it_in(camera: Camera) -> None:
    """At boot a board without a clock says 1970; a time server sets it a moment later."""
    camera.pins.errors = ["pins is gone"]
    camera.intake.take(passage())
    assert camera.turn() is True
    camera.clock._now += timedelta(days=20_000)
    camera.clock.advance(0.3)
    assert camera.turn() is True
    assert camera.states() == [("done", 2, "DO1 pulsed 500 ms")]


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("back_s", [3, 120, 86_400])
def test_a_wall_clock_that_is_set_back_before_the_gate_opens_keeps_no_car_waiting(
    camera: Camera, back_s: int, restarts: bool
) -> None:
    camera.intake.take(passage())
    if restarts:
        camera.store.close()
        camera.clock._now -= timedelta(seconds=back_s)
        camera.crash()
    fast = camera.intake._workers[Lane.FAST]
    if not restarts:
        camera.clock._now -= timedelta(seconds=back_s)
    item, _, _ = fast._claim()
    assert item is not None
    camera.outbox.retry(item, Text("pins is gone"), 0.2, 0.5)
    assert fast._claim()[0] is None  # the next try has its pause all the same
    camera.clock.advance(0.2)
    assert fast._claim()[0] is not None


def test_the_pins_process_is_told_the_stricter_of_both_ages(camera: Camera) -> None:
    camera.intake.take(passage(monotonic_ns=NOW_NS - 3_000_000_000, at=NOW - timedelta(seconds=1)))
    camera.turn()
    assert camera.pins.requests[0].not_after_ns == NOW_NS + 7_000_000_000


def test_a_kill_before_the_commit_leaves_nothing_and_the_repeated_passage_opens_once(camera: Camera) -> None:
    def fail(*_: object) -> bool:
        raise KeyboardInterrupt

    camera.store.counters.add = fail  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyboardInterrupt):
        camera.intake.take(passage())
    camera.crash()
    assert camera.states() == []
    assert camera.intake.take(passage()) is True
    camera.turn()
    assert len(camera.pins.requests) == 1


@pytest.mark.parametrize("why", [StorageFull("storage is full"), StoreError("held by another process")])
def test_what_opens_is_carried_out_once_though_it_cannot_be_claimed(
    camera: Camera, monkeypatch: pytest.MonkeyPatch, why: StoreError
) -> None:
    def refuse(head: Head) -> None:
        raise why

    fast = camera.intake._workers[Lane.FAST]
    camera.intake.take(passage())
    with monkeypatch.context() as patch:
        patch.setattr(camera.outbox, "claim", refuse)
        item, _, _ = fast._claim()
        assert item is not None
        with pytest.raises(StoreError):
            fast._claim()  # while the first try is on its way
        camera.performer.perform(item)
    while camera.turn():
        pass
    assert len(camera.pins.begun) == 1


def test_a_kill_between_commit_and_claim_loses_nothing(camera: Camera) -> None:
    camera.intake.take(passage())
    camera.crash()
    camera.turn()
    assert camera.states() == [("done", 1, "DO1 pulsed 500 ms")]


def test_a_kill_after_the_claim_sends_the_request_under_the_same_id(camera: Camera) -> None:
    camera.intake.take(passage())
    item = camera.claim()
    assert item is not None and item.state == "sending"
    assert camera.claim() is None
    camera.crash()
    assert camera.recovered == 1
    camera.turn()
    assert [request.id for request in camera.pins.requests] == [item.id]


def test_a_kill_after_the_pulse_but_before_the_note_repeats_the_id_that_pins_knows(camera: Camera) -> None:
    camera.intake.take(passage())
    camera.pins.before_answer = lambda: (_ for _ in ()).throw(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        camera.turn()
    camera.pins.before_answer = lambda: None
    camera.crash()
    camera.turn()
    first, second = camera.pins.requests
    assert first.id == second.id
    assert camera.states() == [("done", 2, "DO1 pulsed 500 ms")]


def test_a_rule_switched_off_in_between_is_not_carried_out(camera: Camera) -> None:
    camera.intake.take(passage())
    camera.store.rules.save(replace(camera.store.rules()[0], enabled=False), "admin")
    camera.turn()
    assert camera.states() == [("failed", 1, "the action was switched off or deleted before it was carried out")]


def test_an_action_that_is_switched_off_while_pins_takes_its_pulse_on_is_taken_back(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers, taken_back = camera.intake._workers[Lane.FAST], []
    monkeypatch.setattr(camera.pins, "take_back", lambda request_id, why: taken_back.append(request_id), raising=False)

    def switch_off() -> None:
        camera.store.rules.save(replace(camera.store.rules()[0], enabled=False), "admin")
        workers.use(camera.store.rules())

    camera.pins.takes, camera.pins.before_answer = True, switch_off
    camera.intake.take(passage())
    workers._work()
    assert taken_back == [one.id for one in camera.pins.requests]


def test_a_deleted_rule_is_not_carried_out(camera: Camera) -> None:
    camera.intake.take(passage())
    camera.store.rules.delete(1, "admin")
    camera.turn()
    assert camera.pins.requests == []


def test_a_full_disk_stores_nothing_and_opens_nothing(camera: Camera) -> None:
    pages = camera.store.db.pragma("page_count")
    camera.store.db.pragma(f"max_page_count={pages}")
    with pytest.raises(StoreError, match="storage is full"):
        for number in range(2000):
            camera.intake.take(passage(id=f"p{number}"))
    stored = camera.store.db.rows("SELECT count(*) FROM passages")[0][0]
    assert camera.store.db.rows("SELECT count(*) FROM deliveries")[0][0] == stored
    camera.store.db.pragma(f"max_page_count={pages + 1000}")
    assert camera.intake.take(passage(id="after")) is True


def test_the_pause_doubles_to_five_minutes_at_most() -> None:
    assert [pause_s(attempt, 2.0) for attempt in (1, 2, 3, 8, 9, 1000)] == [2.0, 4.0, 8.0, 256.0, 300.0, 300.0]


def test_a_try_far_ahead_after_the_clock_was_set_back_is_due_at_once(camera: Camera) -> None:
    camera.intake.take(passage())
    camera.store.db.execute("UPDATE deliveries SET next_try_at = '2027-01-01T00:00:00.000000+00:00'")
    assert camera.turn() is True


# --- threads ----------------------------------------------------------------------------------------------------------


class Gauge:
    """An action kind whose deliveries wait until they are let go."""

    def __init__(self, lane: Lane) -> None:
        self.begun: dict[str, threading.Event] = {}
        self.release = threading.Event()
        self.done: list[str] = []
        self.error: Exception | None = None
        self.kind = ActionKind("gauge", "GAUGE", Settings, self._deliver, lane)

    def _deliver(self, event: PlateEvent, options: Settings, env: ActionEnv) -> Text | Taken:
        if self.error is not None:
            raise self.error
        if event.passage.plate == "DELAYED":
            return Taken(Text("done later"))
        if event.passage.plate == "SLOW":
            self.begun.setdefault("SLOW", threading.Event()).set()
            assert self.release.wait(20)
        self.done.append(event.passage.plate)
        return Text("done")


class Told(Outbox):
    """Tells of everything that is written down."""

    def __init__(self, store: Store, clock: Clock, finished: threading.Condition) -> None:
        super().__init__(store, clock, lambda delivery: None)
        self.finished = finished

    def done(self, item: Delivery, note: Text) -> None:
        super().done(item, note)
        self._tell()

    def give_up(self, item: Delivery, state: str, note: Text) -> bool:
        given_up = super().give_up(item, state, note)
        self._tell()
        return given_up

    def _again(self, item: Delivery, at: datetime, error: Text, now: datetime) -> None:
        super()._again(item, at, error, now)
        self._tell()

    def _tell(self) -> None:
        with self.finished:
            self.finished.notify_all()


class Lanes:
    def __init__(self, folder: Path, gauge: Gauge | Site, clock: Clock | None = None) -> None:
        self.kinds = {"gauge": gauge.kind}
        self.clock = clock or Clock()
        self.store = Store(folder / "anpr.db", self.clock, RuleJudge(self.kinds))
        self.finished = threading.Condition()
        self.pins = FakePins()
        self.problems: list[str] = []
        self.peers: dict[int, str] = {}
        lane = gauge.kind.lane
        outbox = Told(self.store, self.clock, self.finished)
        performer = Performer(self.store, outbox, self.kinds, environment(folder), self.clock)
        self.workers = Workers(
            lane,
            self.kinds,
            outbox,
            performer,
            self.pins,
            lambda rule_id: self.peers.get(rule_id, ""),
            self.clock,
            self.problems.append,
        )
        self.intake = Intake(self.store, self.kinds, {lane: self.workers}, self.clock)
        self.workers.start()

    def take(self, plate: str, number: int) -> None:
        self.intake.take(passage(plate, id=f"p{number}", at=self.clock.now(), monotonic_ns=self.clock.monotonic_ns()))

    def until(self, *states: str) -> None:
        """Asked again and again: nobody tells of what is merely claimed."""
        end = time.monotonic() + 30
        with self.finished:
            while sorted(one.delivery.state for one in self.store.deliveries(DeliveryQuery())) != sorted(states):
                assert time.monotonic() < end, [one.delivery for one in self.store.deliveries(DeliveryQuery())]
                self.finished.wait(0.05)

    def rest(self) -> None:
        """Until no try is on its way, and what came of the last one is known."""
        until(lambda: not self.workers._breaker._busy, "the end of all tries")


@pytest.fixture
def lanes(tmp_path: Path) -> Iterator[list[Lanes]]:
    made: list[Lanes] = []
    yield made
    for one in made:
        one.workers.stop()
        one.store.close()


def started(made: list[Lanes], folder: Path, gauge: Gauge, *lists: int) -> Lanes:
    made.append(Lanes(folder, gauge))
    for number, list_id in enumerate(lists):
        made[0].store.rules.save(replace(rule(list_id, "gauge", f"rule {number}"), options="{}"), "admin")
    return made[0]


def test_what_ends_after_the_store_was_closed_is_left_to_the_next_process_and_is_no_error(
    lanes: list[Lanes], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gauge = Gauge(Lane.SLOW)
    one = started(lanes, tmp_path, gauge, ALL)
    one.take("SLOW", 1)
    until(lambda: "SLOW" in gauge.begun, "the delivery")
    one.workers.stop(0.0)
    one.store.close()
    gauge.release.set()
    one.workers.stop(20.0)
    assert (gauge.done, caplog.records) == (["SLOW"], [])


def test_a_slow_server_holds_up_its_own_rule_only(tmp_path: Path, lanes: list[Lanes]) -> None:
    gauge = Gauge(Lane.SLOW)
    running = started(lanes, tmp_path, gauge, WHITE, 5)
    running.store.entries.save(entry("SLOW", WHITE), "admin")
    running.store.entries.save(entry("SECOND", WHITE), "admin")
    running.store.entries.save(entry("OTHER", 5), "admin")
    gauge.begun["SLOW"] = threading.Event()
    running.take("SLOW", 1)
    assert gauge.begun["SLOW"].wait(20)
    running.take("SECOND", 2)
    running.take("OTHER", 3)
    running.until("sending", "pending", "done")
    assert gauge.done == ["OTHER"]
    gauge.release.set()
    running.until("done", "done", "done")
    assert gauge.done == ["OTHER", "SLOW", "SECOND"]


def test_sixty_delayed_pulses_do_not_hold_up_the_next_car(tmp_path: Path, lanes: list[Lanes]) -> None:
    gauge = Gauge(Lane.FAST)
    running = started(lanes, tmp_path, gauge, WHITE)
    running.store.entries.save(entry("DELAYED"), "admin")
    running.store.entries.save(entry("NEXT"), "admin")
    for number in range(60):
        running.take("DELAYED", number)
    running.take("NEXT", 60)
    running.until(*["sending"] * 60, "done")
    end = time.monotonic() + 30
    while len(running.pins.settles) < 60 and time.monotonic() < end:
        time.sleep(0.01)
    running.pins.end(PinsDone("", 1, Text("DO1 was active already")))
    running.until(*["done"] * 61)
    notes = [str(one.delivery.note) for one in running.store.deliveries(DeliveryQuery())]
    assert notes == ["done", *["done later (DO1 was active already)"] * 60]


@pytest.mark.parametrize(
    ("error", "state", "note"),
    [
        (ValueError("secret"), "failed", "unexpected error: ValueError"),
        (ConfigError("no number"), "failed", "no number"),
        (DeliveryError("refused"), "pending", "refused"),
        (OSError(24, "Too many open files"), "pending", "unexpected error: OSError"),  # the event was given up for good
        (MemoryError(), "pending", "unexpected error: MemoryError"),
        (RuntimeError("can't start new thread"), "pending", "unexpected error: RuntimeError"),
    ],
)
def test_an_error_of_a_kind_ends_its_delivery_and_not_the_worker(
    tmp_path: Path, lanes: list[Lanes], error: Exception, state: str, note: str
) -> None:
    gauge = Gauge(Lane.SLOW)
    running = started(lanes, tmp_path, gauge, WHITE)
    running.store.entries.save(entry("FIRST"), "admin")
    running.store.entries.save(entry("SECOND"), "admin")
    gauge.error = error
    running.take("FIRST", 1)
    end = time.monotonic() + 30
    with running.finished:
        while (found := running.store.deliveries(DeliveryQuery())[0].delivery).note.key == "":
            assert running.finished.wait(end - time.monotonic())
    assert (found.state, str(found.note)) == (state, note)
    gauge.error = None
    running.take("SECOND", 2)
    with running.finished:
        while "SECOND" not in gauge.done:
            assert running.finished.wait(end - time.monotonic())


# --- peers --------------------------------------------------------------------------------------------------------------


class Host(Settings):
    host: str = option("a", "Host", "Whom it talks to.")


def server_of(host: str) -> str:
    """ "a/b" is a part of the server "a"."""
    return host.partition("/")[0]


class Site:
    """Servers of a site: those in `dead` hold whoever asks until `release`, and have not answered then."""

    def __init__(self, **changes: Any) -> None:
        self.dead: set[str] = set()
        self.release = threading.Event()
        self.asked: list[tuple[str, str]] = []
        self.kind = ActionKind(
            "gauge", "GAUGE", Host, self._deliver, Lane.SLOW, peer=lambda options: server_of(options.host), **changes
        )

    def await_asked(self, host: str, *passages: str) -> None:
        """Waits until that one was asked so often, and says for which passages."""
        end = time.monotonic() + 30
        while len(self.of(host)) < len(passages) and time.monotonic() < end:
            time.sleep(0.005)
        assert self.of(host) == list(passages)

    def of(self, host: str) -> list[str]:
        """The passages that it was asked about."""
        return [passage_id for asked, passage_id in self.asked if asked == host]

    def _deliver(self, event: PlateEvent, options: Host, env: ActionEnv) -> Text:
        self.asked.append((options.host, event.passage.id))
        if options.host in self.dead:
            assert self.release.wait(60)  # longer than anybody waits for what it does not hold up
            raise DeliveryError("no connection")
        return Text("told")


def site_of(made: list[Lanes], folder: Path, site: Site, *hosts: str) -> Lanes:
    """Threads that tell these servers of every car, by a clock that stands still."""
    running = Lanes(folder, site, TestClock())
    made.append(running)
    for host in hosts:
        running.peers[running.store.rules.save(rule(WHITE, "gauge", host, host=host), "admin").id] = server_of(host)
    running.store.entries.save(entry("CAR"), "admin")
    return running


def test_living_servers_are_told_at_once_however_many_dead_ones_hang(tmp_path: Path, lanes: list[Lanes]) -> None:
    site = Site()
    site.dead = {f"dead {number}" for number in range(30)}
    running = Lanes(tmp_path, site)
    lanes.append(running)
    for host in (*sorted(site.dead), "live 1", "live 2"):
        saved = running.store.rules.save(rule(WHITE, "gauge", host, host=host), "admin")
        running.peers[saved.id] = host
        if host not in site.dead:
            running.workers.remember([RuleResult(saved.id, NOW, Text("told"), None, Text(""))])
    running.store.entries.save(entry("CAR"), "admin")
    for number in range(5):
        running.take("CAR", number)
    end = time.monotonic() + 20
    while sum(host.startswith("live") for host, _ in site.asked) < 10 and time.monotonic() < end:
        time.sleep(0.01)
    told = [asked for asked in site.asked if asked[0].startswith("live")]
    assert sorted(told) == [(f"live {live}", f"p{number}") for live in (1, 2) for number in range(5)]
    assert len(site.asked) - len(told) <= 4  # one try of each that hangs, and threads are left
    site.release.set()


def test_servers_that_answer_all_but_one_action_leave_threads_to_the_others(tmp_path: Path, lanes: list[Lanes]) -> None:
    """Each answered last, so that none counted as dead: what hung at eight of them held all threads, as long as anything waited."""
    site = Site()
    ill, well = [f"{number}/ill" for number in range(8)], [f"{number}/well" for number in range(8)]
    site.dead = set(ill)
    site.release.set()
    running = site_of(lanes, tmp_path, site, *ill, *well, "live")
    for number in range(4):
        running.take("CAR", number)
        for host in (*well, "live"):
            site.await_asked(host, *[f"p{each}" for each in range(number + 1)])
        until(lambda: all(site.of(host) for host in ill))
        if number == 0:
            running.rest()
            site.release.clear()
        else:
            until(lambda: sum(running.workers._breaker._busy.copy().values()) >= LIMITS[Lane.SLOW].doubtful)
    site.release.set()


def test_a_dead_server_is_tried_with_its_oldest_delivery_and_the_log_says_it_once(
    tmp_path: Path, camera: Camera, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    site = Site()
    site.dead, camera.kinds = {"nvr"}, {**KINDS, "gauge": site.kind}
    site.release.set()
    camera.crash()
    camera.store.rules.delete(1, "admin")
    camera.store.rules.save(rule(WHITE, "gauge", "Recorder", host="nvr"), "admin")
    for number in range(3):
        camera.intake.take(passage(id=f"p{number}"))
    for _ in range(5):
        camera.turn()
        camera.clock.advance(1)
    assert site.asked == [("nvr", "p0")] * 5
    site.dead.clear()
    while camera.turn():
        pass
    assert [one for _, one in site.asked[5:]] == ["p0", "p1", "p2"]
    said = [record.getMessage() for record in caplog.records if record.name == "actions"]
    assert said[0] == "gauge 'Recorder' for HK55EVB, try 1: no connection"
    assert said[1].startswith("gauge 'Recorder' for HK55EVB: told again, ")
    assert len(said) == 4


@pytest.mark.parametrize(("max_age_s", "second_pause_s"), [(86_400.0, 4.0), (10.0, 2.0)], ids=["a day", "soon too old"])
def test_a_server_that_does_not_answer_is_left_alone_for_a_pause_while_the_living_one_is_told(
    tmp_path: Path, lanes: list[Lanes], max_age_s: float, second_pause_s: float
) -> None:
    site = Site(max_age_s=max_age_s)
    site.dead = {"dead"}
    site.release.set()
    running = site_of(lanes, tmp_path, site, "dead", "live")
    clock = running.clock
    assert isinstance(clock, TestClock)
    running.take("CAR", 0)
    site.await_asked("dead", "p0")
    running.until("pending", "done")
    running.rest()
    # Whoever takes what is due looks at the oldest first: when the living one is told, the dead one was passed over.
    told = ["p0"]
    for step_s, tries in ((0.0, 1), (1.999, 1), (0.001, 2), (second_pause_s - 0.001, 2), (0.001, 3)):
        clock.advance(step_s)
        running.take("CAR", len(told))
        told.append(f"p{len(told)}")
        site.await_asked("dead", *["p0"] * tries)
        site.await_asked("live", *told)
        running.until(*["pending", "done"] * len(told))
        running.rest()
        assert site.of("dead") == ["p0"] * tries


def test_what_is_too_old_ends_though_its_server_hangs(tmp_path: Path, lanes: list[Lanes]) -> None:
    site = Site(max_age_s=60.0)
    site.dead = {"dead"}
    running = site_of(lanes, tmp_path, site, "dead")
    running.take("CAR", 0)
    site.await_asked("dead", "p0")
    running.take("CAR", 1)
    assert isinstance(running.clock, TestClock)
    running.clock.advance(60)
    running.workers.wake()
    running.until("sending", "expired")
    assert site.of("dead") == ["p0"]
    site.release.set()
    running.until("expired", "expired")


def test_a_server_that_answered_last_before_the_start_gets_two_at_once_and_one_that_did_not_gets_one(
    tmp_path: Path, lanes: list[Lanes]
) -> None:
    site = Site()
    site.dead = {"answered", "silent"}
    running = site_of(lanes, tmp_path, site, "answered", "silent")
    later = NOW + timedelta(seconds=1)
    running.workers.remember(
        [RuleResult(1, later, Text("told"), NOW, Text("no answer")), RuleResult(2, NOW, Text("told"), later, Text("no answer"))]
    )
    for number in range(3):
        running.take("CAR", number)
    until(lambda: len(site.of("answered")) == 2, "two at once")
    site.await_asked("silent", "p0")
    assert set(site.of("answered")) == {"p0", "p1"}
    site.release.set()


def test_a_first_answer_lets_another_thread_go_on_at_once(
    tmp_path: Path, lanes: list[Lanes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.dispatch.workers.IDLE_S", 60.0)
    first, both = threading.Event(), threading.Barrier(2)

    def deliver(event: PlateEvent, options: Settings, env: ActionEnv) -> Text:
        if event.passage.id == "p0":
            assert first.wait(20)
        else:
            both.wait(20)
        return Text("told")

    site = Site()
    site.kind = ActionKind("gauge", "GAUGE", Host, deliver, Lane.SLOW, peer=lambda options: options.host)
    running = site_of(lanes, tmp_path, site, "new")
    for number in range(3):
        running.take("CAR", number)
    running.until("sending", "pending", "pending")
    first.set()
    running.until("done", "done", "done")
