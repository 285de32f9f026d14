"""Outbox: a kill between any two statements loses nothing and doubles nothing; oldest first; delayed pulses whose pins dies."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from board.kit.clock import Clock
from board.kit.errors import DeliveryError, StoreError
from board.kit.settings import Settings
from board.kit.words import Text
from board.types import PinsDone, Pulse
from engine.actions import ActionEnv, ActionKind, Lane
from engine.dispatch.intake import Intake
from engine.dispatch.outbox import Outbox
from engine.dispatch.perform import Performer
from engine.dispatch.workers import Workers
from engine.store import DeliveryQuery
from engine.types import Delivery, PlateEvent
from tests.dispatch_camera import KINDS, Camera
from tests.samples import NOW, NOW_NS, WHITE, WISH, FakePins, entry, environment, passage, rule
from tests.waiting import until


class Killed(BaseException):
    """The process ends here, as by SIGKILL."""


class Fragile(sqlite3.Connection):
    """A connection whose process may be killed before any statement."""

    left: int | None = None
    """Statements until then; None: never."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        self._count(arguments[0])
        return super().execute(*arguments)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        self._count(arguments[0])
        return super().executemany(*arguments)

    def _count(self, sql: str) -> None:
        if Fragile.left is None or sql.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            return
        if Fragile.left == 0:
            Fragile.left = None
            raise Killed
        Fragile.left -= 1


@pytest.fixture
def fragile(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *arguments, **named: real(*arguments, **named, factory=Fragile))
    yield
    Fragile.left = None


def prepared(folder: Path) -> Camera:
    made = Camera(folder)
    made.store.entries.save(entry("HK55EVB"), "admin")
    made.store.rules.save(rule(duration_ms=500), "admin")
    return made


def drive(camera: Camera) -> None:
    """A car comes, and everything that is due is done; the engine repeats a passage that was not confirmed."""
    camera.intake.take(passage())
    while camera.turn():
        pass


@pytest.mark.usefixtures("fragile")
@pytest.mark.parametrize("fails_first", [False, True], ids=["done", "tried twice"])
def test_a_kill_between_any_two_statements_opens_once_and_counts_once(tmp_path: Path, fails_first: bool) -> None:
    statements, died = 0, True
    while died:
        camera = prepared(tmp_path / str(statements))
        if fails_first:
            camera.pins.errors = ["pins is gone"]
        Fragile.left = statements
        try:
            drive(camera)
            camera.clock.advance(1)
            drive(camera)
            died = False
        except Killed:
            camera.store.close()
            camera.crash()
            camera.clock.advance(1)
            drive(camera)
            camera.clock.advance(1)
            drive(camera)
        Fragile.left = None
        [(state, _, note)] = camera.states()
        assert (state, note.removesuffix(" (began before: not repeated)")) == ("done", "DO1 pulsed 500 ms"), statements
        assert len(camera.pins.begun) == 1, statements
        assert {name: one.value for name, one in camera.store.counters().items()} == {"Results": 1, "Actions": 1}, statements
        assert camera.store.rules.results()[1].done_at is not None, statements
        camera.store.close()
        statements += 1
    assert statements > 8  # the passage, its lists, its delivery, the claim, the end, its result, the counters, their commits


def test_what_came_first_is_carried_out_first_whatever_its_rule(tmp_path: Path) -> None:
    camera = prepared(tmp_path)
    camera.store.lists.save(replace(camera.store.lists.get(WISH), policy="open"), "admin")
    camera.store.entries.save(entry("AB1", WISH), "admin")
    camera.store.rules.save(rule(WISH, output="DO2"), "admin")
    for number, plate in enumerate(("AB1", "HK55EVB", "AB1", "HK55EVB")):
        camera.intake.take(passage(plate, id=f"p{number}"))
    while camera.turn():
        pass
    assert [request.output for request in camera.pins.requests] == ["DO2", "DO1", "DO2", "DO1"]
    carried_out = [one.delivery for one in camera.store.deliveries(DeliveryQuery())]
    assert [one.passage_id for one in reversed(carried_out)] == ["p0", "p1", "p2", "p3"]


def test_ten_thousand_that_wait_for_a_dead_peer_do_not_slow_the_look_for_another(tmp_path: Path) -> None:
    camera = prepared(tmp_path)
    camera.intake.take(passage())
    [row] = [one.delivery for one in camera.store.deliveries(DeliveryQuery())]
    camera.store.deliveries.add([replace(row, id=f"d{number}", rule_id=77) for number in range(10_000)])
    plan = " ".join(str(each[3]) for each in camera.store.db.rows(f"EXPLAIN QUERY PLAN {heads_sql()}", ("io",)))
    assert "deliveries_waiting" in plan and "SCAN deliveries" not in plan
    assert [head.rule_id for head in camera.outbox.heads(["io"])] == [1, 77]


def heads_sql() -> str:
    from engine.store.deliveries import HEADS

    return HEADS


def test_an_action_gets_the_match_of_its_own_list(tmp_path: Path) -> None:
    seen: list[str] = []

    def deliver(event: PlateEvent, options: Settings, env: ActionEnv) -> Text:
        seen.append(f"{event.match.list.name}, {event.match.entry.description if event.match.entry else '-'}")
        return Text("done")

    camera = Camera(tmp_path, {"gauge": ActionKind("gauge", "GAUGE", Settings, deliver)})
    camera.store.entries.save(entry("HK55EVB", WHITE, description="of the whitelist"), "admin")
    camera.store.entries.save(entry("HK55EVB", WISH, description="of the wish list"), "admin")
    for list_id in (WISH, WHITE):
        camera.store.rules.save(replace(rule(list_id, "gauge"), options="{}"), "admin")
    drive(camera)
    assert seen == ["WISH LIST, of the wish list", "WHITELIST, of the whitelist"]


def test_a_delivery_is_claimed_once(tmp_path: Path) -> None:
    camera = prepared(tmp_path)
    camera.intake.take(passage())
    [head] = camera.outbox.heads(["io"])
    first = camera.outbox.claim(head)
    assert first is not None and (first.state, first.attempts) == ("sending", 1)
    assert camera.outbox.claim(head) is None
    assert camera.states() == [("sending", 1, "")]


def test_the_last_try_is_when_it_expires_and_not_after_a_longer_pause(tmp_path: Path) -> None:
    camera = prepared(tmp_path)
    camera.intake.take(passage())
    item = camera.claim()
    assert item is not None
    camera.outbox.retry(item, Text("refused"), 60.0, 300.0)
    [head] = camera.outbox.heads(["io"])
    assert head.next_try_at == head.not_after == NOW + timedelta(seconds=10)


def test_an_action_that_was_moved_to_a_list_without_the_plate_is_not_carried_out(tmp_path: Path) -> None:
    camera = prepared(tmp_path)
    camera.intake.take(passage())
    camera.store.rules.save(replace(camera.store.rules()[0], list_id=WISH), "admin")
    camera.turn()
    assert camera.states() == [("failed", 1, "the action was moved to a list that the plate was not in")]
    assert camera.pins.requests == []


# --- delayed pulses ---------------------------------------------------------------------------------------------------


@pytest.fixture
def delayed(tmp_path: Path) -> Camera:
    camera = Camera(tmp_path)
    camera.store.entries.save(entry("HK55EVB"), "admin")
    camera.store.rules.save(rule(duration_ms=500, delay_ms=5000), "admin")
    camera.pins.takes = True
    drive(camera)
    assert camera.states() == [("sending", 1, "")]
    return camera


def test_a_delayed_pulse_is_done_when_pins_says_so_and_not_before(delayed: Camera) -> None:
    delayed.clock.advance(5)
    assert delayed.turn() is False
    delayed.pins.end(PinsDone("", NOW_NS, Text("DO1 was active already")))
    assert delayed.states() == [("done", 1, "DO1 pulsed 500 ms after 5000 ms (DO1 was active already)")]


def test_a_delayed_pulse_whose_pins_died_is_asked_for_again_under_its_id_while_its_car_is_there(delayed: Camera) -> None:
    delayed.clock.advance(5)
    delayed.pins.end(DeliveryError("pins process went away before it answered"))
    assert delayed.states() == [("pending", 1, "pins process went away before it answered")]
    delayed.clock.advance(1)
    drive(delayed)
    first, second = delayed.pins.requests
    assert first.id == second.id
    assert first.not_after_ns == second.not_after_ns == NOW_NS + 15_000_000_000


def test_a_delayed_pulse_whose_pins_died_too_late_is_expired_and_says_why(delayed: Camera) -> None:
    delayed.clock.advance(11)
    delayed.pins.end(DeliveryError("pins process went away before it answered"))
    delayed.clock.advance(1)
    drive(delayed)
    assert delayed.states() == [("expired", 2, "pins process went away before it answered")]
    _, last = delayed.pins.requests
    assert last.not_after_ns < delayed.clock.monotonic_ns() + 5_000_000_000, "pins is asked whether it began, and begins nothing"
    assert delayed.store.counters()["Results"].value == 1
    assert "Actions" not in delayed.store.counters()


def test_a_service_that_died_before_the_end_asks_pins_under_the_same_id(delayed: Camera) -> None:
    delayed.clock.advance(2)
    delayed.crash()
    assert delayed.recovered == 1
    drive(delayed)
    assert len({request.id for request in delayed.pins.requests}) == 1
    delayed.pins.end(PinsDone("", NOW_NS, Text("began before: not repeated")))
    assert delayed.states() == [("done", 2, "DO1 pulsed 500 ms after 5000 ms (began before: not repeated)")]


# --- what began before a restart ----------------------------------------------------------------------------------------


def test_a_pulse_that_nobody_wrote_down_before_its_maximum_age_is_done_and_not_expired(tmp_path: Path) -> None:
    camera = prepared(tmp_path)
    camera.intake.take(passage())
    item = camera.claim()
    assert item is not None
    camera.pins.request(Pulse(item.id, "DO1", 500, 0, NOW_NS + 1_000_000_000), 1.0)  # the service dies before it is told
    camera.clock.advance(60)
    camera.crash()
    camera.turn()
    assert camera.states() == [("done", 2, "DO1 pulsed 500 ms (began before: not repeated)")]


@pytest.mark.parametrize("now", ["pins is not there yet", "switched off", "deleted", "its turn in the lane is over"])
def test_what_began_is_done_whatever_a_process_that_starts_again_finds(tmp_path: Path, now: str) -> None:
    camera = prepared(tmp_path)
    (one,) = camera.store.entries(WHITE)
    camera.store.entries.save(replace(one, entries_left=2), "admin")
    camera.intake.take(passage())
    item = camera.claim()
    assert item is not None
    camera.pins.request(Pulse(item.id, "DO1", 500, 0, NOW_NS + 1_000_000_000), 1.0)  # the service dies before it is told
    camera.clock.advance(60)
    camera.crash()
    if now == "pins is not there yet":
        camera.pins.errors = ["the pins process is not there: not connected yet"]
    elif now == "switched off":
        camera.store.rules.save(replace(camera.store.rules()[0], enabled=False), "admin")
    elif now == "deleted":
        camera.store.rules.delete(camera.store.rules()[0].id, "admin")
    if now == "its turn in the lane is over":
        assert camera.outbox.give_up(item, "expired", Text("the camera was started again while it waited")) is False
    else:
        camera.turn()
    ((state, _, note),) = camera.states()
    assert (state, note) == ("done", "began before: not repeated")
    assert [each.entries_left for each in camera.store.entries(WHITE)] == [1], "the gate opened: no entry is given back"


def test_a_passage_whose_rows_are_lost_never_pulses_twice(tmp_path: Path) -> None:
    first, second = prepared(tmp_path / "a"), prepared(tmp_path / "b")
    drive(first)
    second.pins = first.pins  # the same board, with a store that a power cut or a full disk left without the passage
    second.crash()
    drive(second)
    assert len(first.pins.begun) == 1
    assert second.states() == [("done", 1, "DO1 pulsed 500 ms (began before: not repeated)")]


@pytest.mark.parametrize("state", ["pending", "sending"])
def test_after_another_boot_no_gate_opens_whatever_the_clocks_say(tmp_path: Path, state: str) -> None:
    camera = prepared(tmp_path)
    camera.outbox.recover("first boot", ["io"])
    camera.intake.take(passage())
    if state == "sending":
        camera.claim()
    camera.store.close()
    camera.crash()  # both clocks stand where they stood
    assert camera.outbox.recover("second boot", ["io"]) == 0
    drive(camera)
    assert camera.pins.requests == []
    assert [(found, note) for found, _, note in camera.states()] == [
        ("expired", "the camera was started again before it was carried out")
    ]


def test_after_another_boot_what_a_server_waits_for_still_waits(tmp_path: Path) -> None:
    camera = Camera(tmp_path)
    camera.store.entries.save(entry("HK55EVB"), "admin")
    camera.store.rules.save(rule(kind="http", url="http://192.0.2.1/"), "admin")
    camera.outbox.recover("first boot", ["io"])
    camera.intake.take(passage())
    camera.outbox.recover("second boot", ["io"])
    assert [state for state, _, _ in camera.states()] == ["pending"]


def test_a_restart_within_one_boot_expires_nothing(tmp_path: Path) -> None:
    camera = prepared(tmp_path)
    camera.outbox.recover("one boot", ["io"])
    camera.intake.take(passage())
    camera.outbox.recover("one boot", ["io"])
    drive(camera)
    assert [state for state, _, _ in camera.states()] == ["done"]


# --- a store that fails -----------------------------------------------------------------------------------------------


class Full(Outbox):
    """An outbox whose disk is full when something is done, until it is not."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.fails = 2
        self.finished = threading.Event()

    def done(self, item: Delivery, note: Text) -> None:
        self._fail()
        super().done(item, note)
        self.finished.set()

    def retry(self, item: Delivery, error: Text, first_s: float, longest_s: float) -> None:
        self._fail()
        super().retry(item, error, first_s, longest_s)

    def _fail(self) -> None:
        if self.fails:
            self.fails -= 1
            raise StoreError("storage is full")


@pytest.mark.parametrize("takes", [False, True], ids=["done at once", "done later"])
def test_what_was_done_and_could_not_be_written_down_is_repeated_under_its_id_once_it_can(tmp_path: Path, takes: bool) -> None:
    camera = prepared(tmp_path)
    clock = Clock()
    outbox = Full(camera.store, clock, lambda delivery: None)
    pins = FakePins()
    pins.takes = takes

    def finished() -> bool:
        pins.end(PinsDone("", NOW_NS, Text("")))
        return outbox.finished.is_set()

    performer = Performer(camera.store, outbox, KINDS, environment(tmp_path, pins), clock)
    problems: list[Text] = []
    workers = Workers(Lane.FAST, KINDS, outbox, performer, pins, lambda rule_id: "", clock, problems.append)
    workers.start()
    try:
        intake = Intake(camera.store, KINDS, dict.fromkeys(Lane, workers), clock)
        intake.take(passage(at=clock.now() + timedelta(seconds=20), monotonic_ns=clock.monotonic_ns()))
        workers.wake()
        until(finished, "the end of what was done")
    finally:
        workers.stop()
    assert [one.id for one in pins.requests] == [pins.requests[0].id] * 2
    assert [str(each) for each in problems] == ["storage is full"]
    assert [state for state, _, _ in camera.states()] == ["done"]
    assert clock.now() > NOW
