"""Lane keeper: what a lane's inputs, counts and second camera make of passages, over a real store."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from board.kit.errors import ConfigError, StorageFull, StoreError, WireError
from board.kit.words import NOTHING, Text
from engine.actions import Lane
from engine.dispatch.rules import delivery_id
from engine.dispatch.starts import input_cause
from engine.lane.handover import Handover
from engine.lane.machine import Effect
from engine.messages import CameraSaw, LineState, ReadAgain
from engine.reading.again import Again
from engine.service.lane import LaneKeeper, Stores
from engine.service.remembered import Remembered
from engine.service.standing import NEWEST, Standing
from engine.settings import GeneralSettings
from engine.settings.lane import COUNTS, ON_FAULT, PASSBACK, SECOND_CAMERA, LaneSettings
from engine.store import DeliveryQuery, occupancy
from engine.store.occupancy import Places
from engine.types import Conditions, Decision, Start, WeekSchedule
from tests.dispatch_camera import KINDS, Camera
from tests.samples import ALL, BLACK, NOW, WHITE, WISH, entry, passage, rule
from tests.waiting import until

LOOPS = {"arming": "DI1", "safety": "DI2"}


class Gate:
    """A service's parts with a lane. `told`: events of the lane; `decided`: what became of passages that waited."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.settings = LaneSettings(**settings)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.decided: list[tuple[str, Decision]] = []
        self.refused: list[StoreError] = []
        self.read_again: list[ReadAgain] = []
        self.engine_is_away = False
        self.begin()

    def begin(self) -> None:
        camera = Camera(self.folder)
        self.clock = camera.clock
        self.keeper = LaneKeeper(
            self.clock,
            Remembered(self.folder / "lane.json", Handover),
            lambda name, **values: self.told.append((name, values)),
            lambda: None,
            print,
            self._read_again,
        )
        self.standing = Standing(self.clock, KINDS, self._read_again, camera.has_begun, self.keeper)
        self.camera = camera
        camera.barrier = self.keeper
        camera.crash()
        if not camera.store.rules():
            camera.store.entries.save(entry("AB12CDE"), "anna")
            camera.store.entries.save(entry("XY99ZZZ"), "anna")
            camera.store.rules.save(rule(WHITE), "anna")
            camera.store.rules.save(rule(WHITE, "syslog", "Tell", host="192.0.2.1"), "anna")
        self.keeper.open(
            self.settings,
            Stores(
                camera.store,
                camera.store,
                camera.outbox,
                KINDS,
                lambda: None,
                lambda passage_id, decision: self.decided.append((passage_id, decision)),
                camera.bypass,
                self.refused.append,
            ),
        )

    def _read_again(self, message: ReadAgain) -> None:
        if self.engine_is_away:
            raise WireError("nobody reads")
        self.read_again.append(message)

    def is_told(self) -> bool:
        """Whether the engine is told to read somebody anew, now or before."""
        self.standing.turn(self.camera.store)
        return bool(self.read_again)

    def lines(self, **levels: bool) -> None:
        for name, active in levels.items():
            self.keeper.line(LineState(name, "input", active, None))

    def car(self, plate: str = "AB12CDE", id: str = "p1", **changes: Any) -> str:
        """The outcome and the reason."""
        at, now_ns = self.clock.now(), self.clock.monotonic_ns()
        self.camera.intake.take(passage(plate, id, at, now_ns, **changes))
        return self.outcome(id)

    def outcome(self, id: str) -> str:
        found = self.camera.store.passages.get(id)
        assert found is not None
        return f"{found.decision.outcome}: {found.decision.reason}"

    def states(self, id: str) -> dict[str, str]:
        from engine.store import DeliveryQuery

        found = self.camera.store.deliveries(DeliveryQuery(passage_id=id))
        return {each.delivery.kind: each.delivery.state for each in found}

    def close(self) -> None:
        self.keeper.close()
        self.camera.store.close()


@pytest.fixture
def gates(tmp_path: Path) -> Iterator[Any]:
    made: list[Gate] = []

    def make(**settings: Any) -> Gate:
        made.append(Gate(tmp_path, **settings))
        return made[-1]

    yield make
    for gate in made:
        gate.close()


@pytest.mark.parametrize("on_fault", ON_FAULT)
def test_an_input_that_this_board_does_not_have_is_as_one_that_is_broken(gates, on_fault):
    """The settings are those of a board with more inputs, by a backup or by its card."""
    gate = gates(**LOOPS, exit="DI9", on_fault=on_fault)
    gate.lines(DI1=True, DI2=False)
    assert gate.car(id="p0") == "refused: the inputs of the lane are not known yet"
    gate.keeper.all_told()
    opens = on_fault == ON_FAULT[0]
    assert gate.car() == ("opened: AB12CDE is on WHITELIST" if opens else "refused: the exit loop is faulty")
    until(lambda: gate.told, "the fault")
    assert gate.told[0][0] == "input_fault" and [str(each) for each in gate.keeper.status().faults] == ["the exit loop is faulty"]
    gate.lines(DI9=False)
    assert gate.keeper.status().faults == ()


def test_without_a_lane_nothing_changes_and_nothing_runs(gates):
    gate = gates()
    assert gate.car() == "opened: AB12CDE is on WHITELIST"
    assert gate.states("p1") == {"io": "pending", "syslog": "pending"}
    assert gate.keeper.status() is None and gate.keeper._thread is None
    assert not (gate.folder / "lane.json").exists()


def test_a_vehicle_on_the_arming_loop_is_let_in_once(gates):
    gate = gates(**LOOPS)
    assert gate.keeper.status().since == gate.clock.now()  # not the boot
    assert gate.car() == "refused: the inputs of the lane are not known yet"
    assert gate.states("p1") == {"io": "expired", "syslog": "pending"}
    gate.lines(DI1=True, DI2=False)
    assert gate.car(id="p2") == "opened: AB12CDE is on WHITELIST"
    assert gate.car(id="p3") == "refused: already opened for this vehicle"
    assert gate.states("p3") == {"io": "withheld", "syslog": "pending"}
    while gate.camera.turn():
        pass
    assert gate.states("p2")["io"] == "done"
    assert [request.output for request in gate.camera.pins.requests] == ["DO1"]
    status = gate.keeper.status()
    assert status is not None
    assert (str(status.state), status.plate) == ("opened for a vehicle that has not driven in yet", "AB12CDE")


def test_who_is_read_before_the_loop_waits_and_messages_wait_with_him(gates):
    gate = gates(**LOOPS)
    gate.lines(DI1=False, DI2=False)
    assert gate.car() == "waiting: no vehicle stands on the arming loop"
    assert not gate.camera.turn()  # neither gate nor message
    assert gate.camera.intake._workers[Lane.FAST]._claim()[0] is None, (
        "nor in the first minute of a service, as if a clock were set back"
    )
    gate.lines(DI1=True)
    until(lambda: gate.decided, "the decision")
    assert gate.outcome("p1") == "opened: AB12CDE is on WHITELIST"
    while gate.camera.turn():
        pass
    assert gate.states("p1")["io"] == "done"


def test_who_waits_while_the_storage_gets_full_is_let_in_and_that_is_stored_once_there_is_room(gates, monkeypatch):
    gate = gates(**LOOPS)
    gate.lines(DI1=False, DI2=False)
    gate.car()

    def is_in():
        held = gate.camera.bypass.held("p1")
        return held is not None and held.done

    def full(*arguments):
        if gate.refused:  # the second time: the clock of a test does not wait
            until(is_in, "the gate")
        raise StorageFull("storage is full")

    with monkeypatch.context() as patch:
        patch.setattr(gate.camera.store.passages, "decide", full)
        gate.lines(DI1=True)
        until(is_in, "the gate")
        until(lambda: gate.refused, "the problem")
        assert gate.outcome("p1") == "waiting: no vehicle stands on the arming loop"
    until(lambda: gate.decided, "the decision")
    assert gate.outcome("p1") == "opened: AB12CDE is on WHITELIST"
    while gate.camera.turn():
        pass
    assert gate.states("p1")["io"] == "done"
    assert len(gate.camera.pins.begun) == 1


def test_who_waits_behind_one_whose_turn_cannot_be_stored_is_let_in_too(gates, monkeypatch):
    gate = gates(**LOOPS)
    gate.lines(DI1=False, DI2=False)
    gate.car()
    gate.clock.advance(0.1)
    gate.car("XY99ZZZ", "p2")

    def full(*arguments):
        threading.Event().wait(0.05)  # the clock of a test does not wait
        raise StorageFull("storage is full")

    def is_in(id):
        held = gate.camera.bypass.held(id)
        return held is not None and held.done

    with monkeypatch.context() as patch:
        patch.setattr(gate.camera.store.passages, "decide", full)
        gate.lines(DI1=True)
        until(lambda: is_in("p1"), "the first one's gate")
        gate.lines(DI2=True)
        gate.lines(DI1=False)
        gate.lines(DI2=False)
        gate.lines(DI1=True)
        until(lambda: is_in("p2"), "the second one's gate")
    until(lambda: len(gate.decided) == 2, "the decisions")
    while gate.camera.turn():
        pass
    assert (gate.states("p1")["io"], gate.states("p2")["io"], len(gate.camera.pins.begun)) == ("done", "done", 2)


def test_who_waits_is_let_in_while_the_storage_stalls_and_once(gates, monkeypatch):
    monkeypatch.setattr("engine.dispatch.bypass.SLOW_S", 0.05)
    gate = gates(**LOOPS)
    gate.lines(DI1=False, DI2=False)
    gate.car()
    goes_on, decide = threading.Event(), gate.camera.store.passages.decide

    def stalls(*arguments):
        assert goes_on.wait(20)
        decide(*arguments)

    monkeypatch.setattr(gate.camera.store.passages, "decide", stalls)
    gate.lines(DI1=True)
    until(lambda: (held := gate.camera.bypass.held("p1")) and held.done, "the gate")
    gate.clock.advance(30)
    goes_on.set()
    until(lambda: gate.decided, "the decision")
    assert gate.outcome("p1") == "opened: AB12CDE is on WHITELIST"
    assert (gate.states("p1")["io"], len(gate.camera.pins.requests)) == ("done", 1)


@pytest.mark.parametrize("fails", [False, True])
def test_who_waits_while_another_takes_his_last_entry_is_not_let_in_by_a_storage_that_stalls(gates, monkeypatch, fails):
    monkeypatch.setattr("engine.dispatch.bypass.SLOW_S", 0.5)  # more than a busy machine takes until it knows
    gate = gates(**LOOPS)
    gate.lines(DI1=False, DI2=False)
    store = gate.camera.store
    guest = store.entries(WHITE, "AB12CDE")[0]
    store.entries.save(replace(guest, entries_left=1), "anna")
    gate.car()
    store.entries.spend(guest.id)
    goes_on, begun, decide = threading.Event(), threading.Event(), store.passages.decide

    def stalls(*arguments):
        begun.set()
        assert goes_on.wait(20)
        if fails and not gate.refused:
            raise StorageFull("storage is full")
        decide(*arguments)

    monkeypatch.setattr(store.passages, "decide", stalls)
    gate.lines(DI1=True)
    assert begun.wait(20)
    threading.Event().wait(0.7)
    goes_on.set()
    until(lambda: gate.decided, "the decision")
    assert gate.outcome("p1") == "refused: its last entry was taken meanwhile"
    until(lambda: gate.camera.pins.requests == [] and not gate.camera.bypass._busy, "nothing under way")


@pytest.mark.parametrize("deleted", [False, True])
@pytest.mark.parametrize("has_lamp", [False, True])
def test_who_waits_is_not_said_to_be_let_in_by_an_action_that_is_switched_off_meanwhile(gates, has_lamp, deleted):
    gate = gates(**LOOPS)
    gate.lines(DI1=False, DI2=False)
    (opens,) = [each for each in gate.camera.store.rules() if each.kind == "io"]
    if has_lamp:
        gate.camera.store.rules.save(rule(WHITE, name="Lamp", output="DO2", even_if_blacklisted=True), "anna")
    gate.car()
    if deleted:
        gate.camera.store.rules.delete(opens.id, "anna")
    else:
        gate.camera.store.rules.save(replace(opens, enabled=False), "anna")
    gate.lines(DI1=True)
    until(lambda: gate.decided, "the decision")
    assert gate.outcome("p1") == "refused: the action was switched off or deleted before it was carried out"
    until(lambda: gate.keeper.status().plate == "", "the lane that is free for others")


def blacklisted(store):
    store.entries.save(entry("AB12CDE", BLACK), "anna")


def taken_off_its_list(store):
    store.entries.delete(store.entries(WHITE, "AB12CDE")[0].id, "anna")


def ended(store):
    store.entries.save(replace(store.entries(WHITE, "AB12CDE")[0], valid_until=NOW - timedelta(days=1)), "anna")


def out_of_hours(store):
    (opens,) = [each for each in store.rules() if each.kind == "io"]
    store.rules.save(replace(opens, week=WeekSchedule(((),) * 7)), "anna")


def for_another_lane(store):
    (opens,) = [each for each in store.rules() if each.kind == "io"]
    store.rules.save(replace(opens, conditions=Conditions(lane=2)), "anna")


def a_list_that_only_reports(store):
    store.lists.save(replace(store.lists.get(WHITE), policy="report"), "anna")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (blacklisted, "the plate is on BLACKLIST"),
        (taken_off_its_list, "AB12CDE is on no list"),
        (ended, "its entry on WHITELIST ended at 2026-01-01 03:04"),
        (out_of_hours, "no action of WHITELIST is in force at this time"),
        (for_another_lane, "Gate of WHITELIST is not meant for it: it came in lane 0"),
        (a_list_that_only_reports, "WHITELIST opens nothing: it only reports"),
    ],
)
def test_who_waits_is_let_in_only_if_the_lists_and_actions_of_now_still_do(gates, change, why):
    gate = gates(**LOOPS)
    gate.lines(DI1=False, DI2=False)
    gate.car()
    gate.clock.advance(0.1)
    gate.car("XY99ZZZ", "p2")
    change(gate.camera.store)
    gate.lines(DI1=True)
    until(lambda: gate.decided, "the decision")
    assert gate.outcome("p1") == f"refused: {why}"
    until(lambda: gate.states("p1")["io"] == "expired", "the end of the pulse, after which the engine reads it anew")
    if change in (blacklisted, taken_off_its_list, ended):
        until(lambda: not gate.outcome("p2").startswith("waiting"), "the turn of the one behind")
        assert gate.outcome("p2") == "opened: XY99ZZZ is on WHITELIST"
    while gate.camera.turn():
        pass
    assert delivery_id("p1", gate.camera.store.rules()[0].id) not in gate.camera.pins.begun


def test_who_waits_and_is_blacklisted_is_not_let_in_by_a_storage_that_stalls(gates, monkeypatch):
    monkeypatch.setattr("engine.dispatch.bypass.SLOW_S", 0.01)
    gate = gates(**LOOPS)
    gate.lines(DI1=False, DI2=False)
    gate.car()
    blacklisted(gate.camera.store)
    pending_of = gate.camera.store.deliveries.pending_of

    def stalls(passage_id):
        if threading.current_thread().name == "lane":
            threading.Event().wait(0.3)
        return pending_of(passage_id)

    monkeypatch.setattr(gate.camera.store.deliveries, "pending_of", stalls)
    gate.lines(DI1=True)
    until(lambda: gate.decided, "the decision")
    assert gate.outcome("p1") == "refused: the plate is on BLACKLIST"
    assert gate.camera.pins.requests == []


def test_who_waits_on_two_lists_and_is_taken_off_one_is_let_in_by_the_other_alone(gates):
    gate = gates(**LOOPS)
    store = gate.camera.store
    store.entries.save(entry("AB12CDE", WISH), "anna")
    store.lists.save(replace(store.lists.get(WISH), policy="open"), "anna")
    store.rules.save(rule(WHITE, name="Yard", output="DO2"), "anna")
    wish = store.rules.save(rule(WISH), "anna")
    gate.lines(DI1=False, DI2=False)
    gate.car()
    taken_off_its_list(store)
    gate.lines(DI1=True)
    until(lambda: gate.decided, "the decision")
    while gate.camera.turn():
        pass
    assert gate.camera.pins.begun == [delivery_id("p1", wish.id)]


def test_who_waits_in_vain_is_refused_and_may_be_read_anew(gates):
    gate = gates(**LOOPS)
    gate.lines(DI1=False, DI2=False)
    gate.car()
    gate.clock.advance(10)
    gate.lines(DI2=True)
    until(lambda: gate.decided, "the decision")
    assert gate.outcome("p1") == "refused: a vehicle stands in the safety loop"
    until(lambda: gate.states("p1")["io"] == "expired", "the end of the pulse")
    found = gate.camera.store.deliveries.unopened(["io"], 20, set, lambda one, newer: True)
    assert [(each.passage_id, each.plate) for each in found] == [("p1", "AB12CDE")]


@pytest.mark.parametrize("loops_are_known", [False, True])
def test_who_was_not_let_in_is_read_anew_and_let_in_though_a_lamp_went_on(gates, loops_are_known):
    gate = gates(**LOOPS)
    gate.camera.store.rules.save(rule(WHITE, name="Lamp", output="DO2"), "anna")
    gate.camera.outbox._told = lambda delivery: gate.keeper.failed(delivery)
    told = []
    store, pins = gate.camera.store, gate.camera.pins
    standing = Standing(gate.clock, KINDS, told.append, gate.camera.has_begun, gate.keeper)
    pins.before_answer = lambda: pins.errors.extend(["DO1 is interlocked"] * (pins.requests[-1].output == "DO1"))
    if loops_are_known:
        gate.lines(DI1=True, DI2=False)
        assert gate.car() == "opened: AB12CDE is on WHITELIST"
    else:
        assert gate.car() == "refused: the inputs of the lane are not known yet"
    for _ in range(12):
        while gate.camera.turn():
            pass
        gate.clock.advance(1)
    states = [each.delivery.state for each in store.deliveries(DeliveryQuery(passage_id="p1", kind="io"))]
    assert (sorted(states), pins.begun != []) == (["done", "expired"], True)
    standing.turn(store)
    assert told == [ReadAgain("p1", "AB12CDE")]
    pins.before_answer = lambda: None
    gate.lines(DI1=True, DI2=False)
    assert gate.car(id="p2") == "opened: AB12CDE is on WHITELIST"
    while gate.camera.turn():
        pass
    standing.engine_gone()
    standing.turn(store)
    assert told == [ReadAgain("p1", "AB12CDE")]


@pytest.mark.parametrize("is_stranger", [False, True])
def test_who_waits_for_minutes_is_let_in_when_the_lane_is_free(gates, is_stranger):
    """The engine reads a car anew three times within ten minutes: after 40 s he stood before a closed barrier for good.
    It has done so once already where he was put on a list as he stood there."""
    gate = gates(**LOOPS)
    store, read, engine = gate.camera.store, [], Again()
    standing = Standing(gate.clock, KINDS, read.append, gate.camera.has_begun, gate.keeper)
    listed = store.entries.at(WHITE, "AB12CDE")
    if is_stranger:
        store.entries.delete(listed.id, "anna")
    gate.lines(DI1=True, DI2=True)
    id = "p0"
    gate.car(id=id)
    engine.published("AB12CDE", "p0")
    for second in range(1, 120):
        gate.clock.advance(1)
        if second == 10 and is_stranger:
            store.entries.save(entry("AB12CDE"), "anna")
        if second == 100:
            gate.lines(DI2=False)
        with gate.keeper._news:
            gate.keeper._news.notify_all()
        if second % 10 == 0 and not gate.outcome(id).startswith("opened"):
            until(lambda id=id: gate.states(id).get("io") != "pending", "the end of the wait")
        standing.turn(gate.camera.store)
        while read:
            if engine.wanted(read.pop(), gate.clock.monotonic_ns()):
                id = f"p{second}"
                gate.car(id=id)
                engine.published("AB12CDE", id)
    assert gate.outcome(id) == "opened: AB12CDE is on WHITELIST"


def test_who_waits_for_minutes_is_let_in_before_the_one_behind_who_came_later(gates):
    """That one waited just then, as it had not been read anew so often: it was opened for, and the one before it drove in."""
    gate = gates(**LOOPS)
    told, engine, newest = [], Again(), {}
    standing = Standing(gate.clock, KINDS, told.append, gate.camera.has_begun, gate.keeper)

    def is_read(plate):
        newest[plate] = f"{plate} {second}"
        gate.car(plate, newest[plate])
        engine.published(plate, newest[plate])

    def is_written_down():
        with gate.keeper._news:
            gate.keeper._news.notify_all()
            waits, due_ns = {each.passage_id for each in gate.keeper._lane.waiting}, gate.keeper._lane.next_ns()
        known = set(gate.camera.store.passages.undecided(9)) == waits and (due_ns is None or due_ns > gate.clock.monotonic_ns())
        return known and all(gate.outcome(id)[:7] != "refused" or gate.states(id)["io"] == "expired" for id in newest.values())

    gate.lines(DI1=True, DI2=True)
    for second in range(120):
        if second in (0, 85):
            is_read("XY99ZZZ" if second else "AB12CDE")
        if second == 100:
            assert gate.outcome(newest["XY99ZZZ"]).startswith("waiting: ")
            gate.lines(DI2=False)
        gate.clock.advance(1)
        until(is_written_down, f"what has become of them after {second} s")
        standing.turn(gate.camera.store)
        while told:
            asked = told.pop(0)
            if engine.wanted(asked, gate.clock.monotonic_ns()):
                is_read(asked.plate)
    assert gate.outcome(newest["AB12CDE"]) == "opened: AB12CDE is on WHITELIST"
    assert not gate.outcome(newest["XY99ZZZ"]).startswith("opened")


def test_who_is_refused_for_a_loop_that_fails_is_let_in_once_it_works_again(gates):
    """A truck stood on it for ten minutes: who came behind stood before a closed barrier for good, as nobody read him again."""
    gate = gates(**LOOPS, on_fault=ON_FAULT[1])
    told, store = [], gate.camera.store
    standing = Standing(gate.clock, KINDS, told.append, gate.camera.has_begun, gate.keeper)
    gate.lines(DI1=True, DI2=True)
    gate.keeper.warning("DI2", Text("active for 600 s"))
    for read in range(3):
        assert gate.car(id=f"p{read}") == "refused: the safety loop is faulty"
        gate.clock.advance(1)
        standing.turn(store)
    assert [each.passage_id for each in told] == ["p0", "p1"]  # the engine reads him three times: once more when it helps
    gate.lines(DI2=False)
    gate.keeper.warning("DI2", NOTHING)
    gate.clock.advance(5)
    standing.turn(store)
    assert told[-1].passage_id == "p2"
    assert gate.car(id="last") == "opened: AB12CDE is on WHITELIST"


def test_who_waits_in_vain_and_was_read_once_more_meanwhile_is_read_anew_and_not_before(gates):
    """His second read was refused for the sake of the first one: as the newer of the two it stood for both, for good."""
    gate = gates(**LOOPS)
    gate.lines(DI1=True, DI2=True)
    gate.car()
    assert gate.car(id="p2") == "refused: another read of this vehicle waits already: a vehicle stands in the safety loop"
    for _ in range(9):
        assert not gate.is_told()
        gate.clock.advance(1)
    gate.clock.advance(1)
    gate.lines(DI1=False)
    until(lambda: gate.states("p1")["io"] == "expired", "the end of the wait")
    assert gate.is_told()
    assert gate.read_again == [ReadAgain("p2", "AB12CDE")]


def test_who_was_read_once_more_while_he_waited_is_not_read_anew_when_he_is_let_in(gates):
    gate = gates(**LOOPS)
    gate.lines(DI1=False, DI2=False)
    gate.car()
    gate.car(id="p2")
    gate.lines(DI1=True)
    until(lambda: gate.decided, "the decision")
    assert gate.outcome("p1").startswith("opened")
    assert not gate.is_told()
    gate.lines(DI2=True)
    gate.lines(DI1=False)
    gate.lines(DI2=False)
    gate.clock.advance(100)
    assert not gate.is_told()


def test_whose_pulse_fails_is_read_anew_before_the_one_behind_has_its_turn(gates):
    """That one was opened for as soon as the first pulse had failed for good, and the first car drove in on it."""
    gate = gates(**LOOPS)
    gate.camera.outbox._told = lambda delivery: gate.keeper.failed(delivery)
    pins = gate.camera.pins
    pins.before_answer = lambda: pins.errors.append("DO1 is interlocked")
    gate.lines(DI1=True, DI2=False)
    gate.car()
    while gate.camera.turn():
        pass
    gate.clock.advance(5)
    assert gate.car("XY99ZZZ", "behind") == "waiting: the vehicle before it has not driven in yet"
    gate.clock.advance(6)
    pins.before_answer = lambda: None
    while gate.camera.turn():
        pass
    assert gate.is_told()
    assert (gate.read_again, gate.outcome("behind")[:7]) == ([ReadAgain("p1", "AB12CDE")], "waiting")
    gate.clock.advance(1)
    assert gate.car(id="p2") == "opened: AB12CDE is on WHITELIST"
    assert gate.keeper.status().plate == "AB12CDE"


def test_one_too_many_that_waits_is_read_anew_too(gates):
    gate = gates(**LOOPS)
    gate.lines(DI1=True, DI2=True)
    plates = [f"CAR{number}{number}{number}" for number in range(9)]
    for plate in plates:
        gate.camera.store.entries.save(entry(plate), "anna")
        outcome = gate.car(plate, plate)
    assert outcome == "refused: too many vehicles wait already"
    assert gate.states(plates[-1])["io"] == "expired"


def test_who_backs_out_and_comes_again_while_his_opening_lives_is_read_anew_when_it_has_ended(gates):
    """He was refused for an opening that his own arrival on the loop ended, and stood before a closed barrier."""
    gate = gates(**LOOPS)
    gate.lines(DI1=True, DI2=False)
    gate.car()
    gate.lines(DI1=False)
    assert gate.car(id="p2") == "refused: already opened for this vehicle"
    assert gate.read_again == []
    gate.lines(DI1=True)
    until(gate.is_told, "the message")
    assert gate.read_again == [ReadAgain("p2", "AB12CDE")]
    assert gate.car(id="p3") == "opened: AB12CDE is on WHITELIST"


def test_who_is_read_again_as_the_last_place_has_gone_elsewhere_is_read_anew_when_his_opening_has_ended(gates):
    gate = gates(counts=COUNTS[1], **LOOPS)
    gate.lines(DI1=True, DI2=False)
    gate.car()
    gate.camera.store.occupancy.put(WHITE, 1, 1, "anna", NOW)
    assert gate.car(id="p2") == "refused: already opened for this vehicle"
    gate.lines(DI1=False)
    gate.lines(DI1=True)
    until(gate.is_told, "the message")
    assert gate.read_again == [ReadAgain("p2", "AB12CDE")]


def test_who_was_refused_for_an_opening_that_pins_never_carried_out_is_read_anew(gates):
    """His first read had failed, and the second one was none that was to open: he stood before a closed barrier for good."""
    gate = gates(**LOOPS)
    gate.camera.outbox._told = lambda delivery: gate.keeper.failed(delivery)
    gate.camera.pins.before_answer = lambda: gate.camera.pins.errors.append("DO1 is interlocked")
    gate.lines(DI1=True, DI2=False)
    gate.car()
    assert gate.car(id="p2") == "refused: already opened for this vehicle"
    while gate.camera.turn():
        pass
    assert not gate.is_told()
    gate.clock.advance(11)
    while gate.camera.turn():
        pass
    assert gate.states("p1")["io"] == "expired"
    assert gate.is_told()
    assert gate.read_again == [ReadAgain("p2", "AB12CDE")]
    gate.camera.pins.before_answer = lambda: None
    assert gate.car(id="p3") == "opened: AB12CDE is on WHITELIST"


def test_another_read_of_who_has_driven_in_is_not_read_anew(gates):
    gate = gates(**LOOPS)
    gate.lines(DI1=True, DI2=False)
    gate.car()
    gate.car(id="p2")
    gate.lines(DI2=True)
    gate.lines(DI2=False)
    gate.clock.advance(600)
    gate.lines(DI1=False)
    gate.lines(DI1=True)
    gate.car("XY99ZZZ", "p3")
    gate.clock.advance(61)
    gate.lines(DI1=False)
    until(lambda: [name for name, _ in gate.told] == ["opening_unused"], "the end of the second opening")
    assert not gate.is_told()
    assert gate.read_again == []


def test_who_stands_before_a_barrier_that_did_not_move_or_came_down_before_he_drove_in_is_read_anew(gates):
    """The engine knew the car, and he stood before a closed barrier for good."""
    gate = gates(down="DI3", **LOOPS)
    gate.lines(DI1=True, DI2=False, DI3=True)
    gate.car()
    gate.clock.advance(11)
    gate.lines(DI2=False)
    until(lambda: gate.read_again == [ReadAgain("p1", "AB12CDE")], "the message")
    assert gate.car(id="p2") == "opened: AB12CDE is on WHITELIST"
    gate.lines(DI3=False)
    gate.lines(DI3=True)
    until(lambda: gate.read_again[1:] == [ReadAgain("p2", "AB12CDE")], "the message")
    assert gate.car(id="p3") == "opened: AB12CDE is on WHITELIST"
    gate.lines(DI3=False)
    gate.lines(DI1=False)  # he goes back
    gate.lines(DI3=True)
    until(lambda: [name for name, _ in gate.told][2:] == ["opening_unused"], "the end of his opening")
    assert len(gate.read_again) == 2


def test_who_stands_before_a_barrier_that_may_be_up_is_not_read_anew(gates):
    """A pulse closes it where one input opens and closes."""
    gate = gates(**LOOPS)
    gate.lines(DI1=True, DI2=False)
    gate.car()
    gate.clock.advance(61)
    gate.lines(DI2=False)
    until(lambda: [name for name, _ in gate.told] == ["opening_unused"], "the end of his opening")
    assert not gate.is_told()
    assert gate.read_again == []


def test_a_process_that_dies_opens_neither_twice_nor_for_who_waited(gates):
    gate = gates(**LOOPS)
    gate.lines(DI1=True, DI2=False)
    gate.car(id="p1")
    gate.car("XY99ZZZ", "p2")
    assert gate.outcome("p2") == "waiting: the vehicle before it has not driven in yet"
    gate.close()
    gate.begin()
    assert gate.outcome("p2") == "refused: the camera was started again while it waited"
    assert gate.states("p2")["io"] == "expired"
    gate.lines(DI1=True, DI2=False)
    assert gate.car(id="p3") == "refused: already opened for this vehicle"
    while gate.camera.turn():
        pass
    assert gate.states("p1")["io"] == "done"  # what was given before goes on


def test_of_who_waited_as_a_process_died_the_first_one_is_let_in_first_though_the_other_is_read_anew_before_him(gates):
    gate = gates(**LOOPS)
    gate.lines(DI1=True, DI2=True)
    gate.car(id="p1")
    gate.clock.advance(0.1)
    gate.car("XY99ZZZ", "p2")
    gate.close()
    gate.begin()
    gate.lines(DI1=True, DI2=False)
    assert gate.car("XY99ZZZ", "p3") == "waiting: the vehicle before it has not driven in yet"
    assert gate.car(id="p4") == "opened: AB12CDE is on WHITELIST"


@pytest.mark.parametrize("loops_first", [False, True])
def test_whose_pulse_fails_over_a_restart_is_let_in_first_when_he_is_read_anew(gates, loops_first):
    """As pins tells of the loops later, the opening that there was none of was kept for a minute, or given to the one behind."""
    gate = gates(**LOOPS)
    pins = gate.camera.pins
    pins.before_answer = lambda: pins.errors.append("DO1 is interlocked")
    gate.lines(DI1=True, DI2=False)
    gate.car()
    while gate.camera.turn():
        pass
    gate.clock.advance(1)
    gate.car("XY99ZZZ", "p2")
    gate.close()
    gate.begin()
    gate.camera.outbox._told = lambda delivery: gate.keeper.failed(delivery)
    gate.clock.advance(3)
    if loops_first:
        gate.lines(DI1=True, DI2=False)
        assert gate.is_told()
        gate.clock.advance(1)
        gate.car("XY99ZZZ", "p3")
    gate.clock.advance(8)
    while gate.camera.turn():
        pass
    assert gate.states("p1")["io"] == "expired"
    gate.lines(DI1=True, DI2=False)
    if not loops_first:
        gate.car("XY99ZZZ", "p3")
    assert gate.outcome("p3") == "waiting: the vehicle before it has not driven in yet"
    assert gate.car(id="p4") == "opened: AB12CDE is on WHITELIST"


def test_for_whom_nothing_opened_twice_comes_before_the_one_behind_who_was_read_in_between(gates):
    """Pins was away for long then: of the passages that were left that of the one behind was the older one."""
    gate = gates(**LOOPS)
    gate.lines(DI1=True, DI2=False)
    gate.camera.pins.before_answer = lambda: gate.camera.pins.errors.append("DO1 is interlocked")
    for first, behind in (("p1", "p2"), ("p4", "p3")):
        cars = [("AB12CDE", first), ("XY99ZZZ", behind)]
        for plate, id in sorted(cars, key=lambda car: car[1]):
            gate.car(plate, id)
            gate.clock.advance(1)
        gate.clock.advance(10)
        while gate.camera.turn():
            pass
        for each in gate.camera.told:
            gate.keeper.failed(each)
        gate.lines(DI2=False)
        until(lambda id=behind: gate.states(id)["io"] == "expired", "the end of the wait")
        gate.clock.advance(1)
        if first == "p1":
            assert gate.is_told()
    gate.clock.advance(30)
    gate.read_again.clear()
    assert gate.is_told()
    assert {each.passage_id for each in gate.read_again} == {"p3", "p4"}
    gate.camera.pins.before_answer = lambda: None
    gate.clock.advance(1)
    assert gate.car("XY99ZZZ", "p5") == "waiting: the vehicle before it has not driven in yet"
    assert gate.car("AB12CDE", "p6").startswith("opened")


def test_who_was_refused_by_a_process_that_dies_is_read_anew_when_there_is_a_place(gates, monkeypatch):
    """The next one knew nothing of him: he stood before a closed barrier for good."""
    gate = gates(counts=COUNTS[1])
    store = gate.camera.store
    store.occupancy.put(WHITE, 1, 1, "anna", NOW)
    store.entries.save(entry("KLM4711"), "anna")
    for plate in ("AB12CDE", "XY99ZZZ", "KLM4711"):
        assert gate.car(plate, plate) == "refused: all 1 places of WHITELIST are taken"
    store.entries.save(entry("AB12CDE", BLACK), "anna")
    assert gate.car(id="again") == "withheld: the plate is on BLACKLIST"
    gate.close()
    gate.begin()
    gate.camera.store.occupancy.put(WHITE, 1, 0, "anna", NOW)
    until(gate.is_told, "the message")
    assert gate.read_again[0] == ReadAgain("XY99ZZZ", "XY99ZZZ")


def test_a_place_that_becomes_free_while_it_is_looked_for_is_the_first_ones(gates, monkeypatch):
    gate = gates(counts=COUNTS[1])
    gate.camera.store.occupancy.put(WHITE, 1, 1, "anna", NOW)
    for plate in ("AB12CDE", "XY99ZZZ"):
        gate.car(plate, plate)
    answers = iter([Effect("full")])
    monkeypatch.setattr(gate.keeper._inside, "no_place", lambda store, passage, matches: next(answers, None))
    for _ in range(3):
        gate.is_told()
        gate.clock.advance(5)
    assert [each.plate for each in gate.read_again] == ["AB12CDE", "XY99ZZZ"]


def test_who_was_refused_for_his_opening_by_a_process_that_dies_is_read_anew_when_it_has_ended_unused(gates):
    gate = gates(**LOOPS)
    gate.lines(DI1=True, DI2=False)
    gate.car()
    gate.car(id="p2")
    gate.close()
    gate.begin()
    gate.lines(DI1=True, DI2=False)
    gate.clock.advance(61)
    gate.lines(DI1=False)
    until(gate.is_told, "the message")
    assert gate.read_again == [ReadAgain("p2", "AB12CDE")]


@pytest.mark.parametrize("began", [False, True])
def test_a_process_that_dies_over_a_storage_that_stalls_says_of_who_waited_what_became_of_him(gates, monkeypatch, began):
    """Pins let him in meanwhile, and Review said that he was refused; or it did not, and he was "already let in" for a minute."""
    gate = gates(**LOOPS)
    gate.camera.store.entries.save(entry("MM77MMM", entries_left=1), "anna")
    gate.lines(DI1=False, DI2=False)
    assert gate.car("MM77MMM").startswith("waiting")
    given = threading.Event()
    monkeypatch.setattr(gate.keeper, "_carry_out", lambda effect: given.set())
    gate.lines(DI1=True)
    assert given.wait(20)
    gate.close()
    monkeypatch.setattr(Camera, "has_begun", lambda self, names: began and delivery_id("p1", 1) in names)
    gate.begin()
    gate.lines(DI1=True, DI2=False)
    assert gate.outcome("p1") == ("opened: " if began else "refused: the camera was started again while it waited")
    assert gate.states("p1")["io"] == ("done" if began else "expired")
    assert gate.car("MM77MMM", "p2").startswith("refused: " if began else "opened: ")
    guest = gate.camera.store.entries.at(WHITE, "MM77MMM")
    assert guest is not None and guest.entries_left == 0


def test_without_loops_he_is_counted_by_the_process_that_finds_him(gates, monkeypatch):
    gate = gates(second_camera=SECOND_CAMERA[2], counts=COUNTS[1])
    gate.keeper.saw(CameraSaw("gw-2"), "gw-1")
    assert gate.car().startswith("waiting")
    given = threading.Event()
    monkeypatch.setattr(gate.keeper, "_carry_out", lambda effect: given.set())
    gate.keeper.saw(CameraSaw("gw-2", "e1", "AB12CDE", lane="view"), "gw-1")
    assert given.wait(20)
    gate.close()
    monkeypatch.setattr(Camera, "has_begun", lambda self, names: delivery_id("p1", 1) in names)
    gate.begin()
    assert (gate.outcome("p1"), places(gate)) == ("opened: ", {"WHITELIST": (1, 0)})


def test_who_drove_in_long_before_a_restart_and_comes_again_is_let_in(gates):
    """The time of each of the last vehicles began anew: one that came just then was refused, and not read again."""
    gate = gates(**LOOPS)
    gate.lines(DI1=True, DI2=False)
    gate.car()
    gate.lines(DI2=True, DI1=False)
    gate.lines(DI2=False)
    for waits_s, said in ((20, "refused: already opened for this vehicle"), (31, "opened: AB12CDE is on WHITELIST")):
        gate.close()
        gate.begin()  # with a clock that begins anew
        gate.clock.advance(waits_s)
        gate.lines(DI1=True, DI2=False)
        assert gate.car(id=f"after {waits_s} s") == said


@pytest.mark.parametrize("has_driven_in", [False, True])
def test_plates_of_a_company_that_follow_each_other_are_two_vehicles_after_a_restart_too(gates, has_driven_in):
    gate = gates(**LOOPS)
    for plate in ("KLX1001", "KLX1002"):
        gate.camera.store.entries.save(entry(plate), "anna")
    gate.lines(DI1=True, DI2=False)
    assert gate.car("KLX1001").startswith("opened")
    if has_driven_in:
        gate.lines(DI2=True, DI1=False)
        gate.lines(DI2=False)
    gate.close()
    gate.begin()
    gate.lines(DI1=True, DI2=False)
    said = "opened: KLX1002 is on WHITELIST" if has_driven_in else "waiting: the vehicle before it has not driven in yet"
    assert gate.car("KLX1002", "p2") == said


def test_who_follows_another_over_a_restart_is_a_tail_gater(gates):
    gate = gates(**LOOPS)
    gate.lines(DI1=True, DI2=False)
    gate.car()
    gate.lines(DI2=True)
    gate.lines(DI2=False)
    gate.close()
    gate.begin()
    gate.lines(DI1=True, DI2=False)
    gate.lines(DI2=True)
    until(lambda: [name for name, _ in gate.told] == ["tail_gate"], "the event")


def test_an_opening_whose_passage_was_never_stored_is_none(gates):
    gate = gates(**LOOPS)
    Remembered(gate.folder / "lane.json", Handover).put(Handover("opened", "gone", "AB12CDE"))
    gate.lines(DI1=True, DI2=False)
    assert gate.car() == "opened: AB12CDE is on WHITELIST"


def test_a_pulse_that_comes_too_late_for_its_vehicle_is_none(gates):
    gate = gates(**LOOPS)
    gate.lines(DI1=True, DI2=False)
    gate.car()
    gate.lines(DI2=True)
    while gate.camera.turn():
        pass
    assert gate.states("p1")["io"] == "expired" and gate.camera.pins.requests == []


def test_a_car_that_drove_in_while_nothing_could_be_stored_opens_no_second_time(gates, monkeypatch):
    gate = gates(**LOOPS)
    gate.camera.store.rules.save(rule(WHITE, name="Lamp of the gate", duration_ms=700), "anna")
    gate.lines(DI1=True, DI2=False)

    def full(*arguments):
        raise StorageFull("storage is full")

    monkeypatch.setattr(gate.camera.store, "add_passage", full)
    gate.camera.pins.errors = ["DO1 is taken by process 7"]
    for drives_in in (True, False):
        with pytest.raises(StorageFull):
            gate.car()
        until(lambda: not gate.camera.bypass._busy, "the end of what opens")
        assert len(gate.camera.pins.begun) == 1
        if drives_in:
            gate.lines(DI1=False, DI2=True)
    assert len(gate.camera.pins.requests) == 2


def test_who_drove_in_while_nothing_could_be_stored_is_counted_once_that_is_stored(gates, monkeypatch):
    """He was taken for one that was let in by hand: not inside, and one more unsure when he left."""
    gate = gates(**LOOPS, counts=COUNTS[1])
    gate.lines(DI1=True, DI2=False)

    def full(*arguments):
        raise StorageFull("storage is full")

    with monkeypatch.context() as patch:
        patch.setattr(gate.camera.store, "add_passage", full)
        with pytest.raises(StorageFull):
            gate.car()
        until(lambda: gate.camera.pins.begun, "the pulse")
        gate.lines(DI2=True)
        gate.lines(DI1=False, DI2=False)
        until(lambda: not gate.keeper._effects, "what was due")
    gate.car()  # the engine repeats it
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")


def test_an_opening_that_pins_never_carried_out_is_none(gates):
    gate = gates(**LOOPS)
    gate.lines(DI1=True, DI2=False)
    gate.car()
    (io,) = [each for each in gate.camera.store.deliveries.pending_of("p1") if each.kind == "io"]
    gate.camera.outbox.give_up(io, "expired", Text("too late"))
    gate.keeper.failed(replace(io, state="expired"))
    assert gate.car(id="p2").startswith("opened")  # read anew where it stands
    gate.keeper.failed(replace(io, state="expired"))  # told late: p2's opening is not that one
    assert gate.car(id="p3") == "refused: already opened for this vehicle"


def test_a_loop_that_is_reached_while_the_passage_is_on_its_way_into_the_store_opens_all_the_same(gates):
    gate = gates(**LOOPS)
    gate.lines(DI1=False, DI2=False)
    ask = gate.keeper.ask

    def reached_meanwhile(*given):
        ruling = ask(*given)
        gate.lines(DI1=True)
        until(lambda: gate.keeper._known.early, "the effect")
        return ruling

    gate.keeper.ask = reached_meanwhile
    gate.car()
    until(lambda: gate.decided, "the decision")
    assert gate.outcome("p1") == "opened: AB12CDE is on WHITELIST"


def test_who_drives_in_on_his_turn_while_his_passage_is_on_its_way_into_the_store_is_decided_and_counted(gates):
    """The barrier was up; his passage said for good that he waits."""
    gate = gates(counts=COUNTS[1], **LOOPS)
    gate.lines(DI1=False, DI2=False)
    ask = gate.keeper.ask

    def drives_in_meanwhile(*given):
        ruling = ask(*given)
        gate.lines(DI1=True)
        until(lambda: gate.keeper._known.early, "his turn")
        gate.lines(DI2=True)
        gate.lines(DI1=False, DI2=False)
        until(lambda: any(name == "passed" for _, name in gate.keeper._known.early), "that he has driven in")
        return ruling

    gate.keeper.ask = drives_in_meanwhile
    gate.car()
    until(lambda: gate.decided, "the decision")
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")
    assert gate.outcome("p1") == "opened: AB12CDE is on WHITELIST"


def test_other_outputs_and_kinds_are_not_the_lanes_business(gates):
    gate = gates(**LOOPS, open_output="DO2")
    gate.lines(DI1=False, DI2=True)
    assert gate.car() == "opened: AB12CDE is on WHITELIST"


def test_a_blacklisted_plate_asks_the_lane_for_nothing(gates):
    gate = gates(**LOOPS)
    gate.camera.store.entries.save(entry("AB12CDE", BLACK), "anna")
    gate.lines(DI1=True, DI2=False)
    assert gate.car().startswith("withheld")
    assert gate.keeper.status().plate == ""


def test_events_of_the_lane_are_told_with_their_values(gates):
    gate = gates(**LOOPS)
    gate.lines(DI1=False, DI2=False)
    gate.lines(DI2=True)
    gate.keeper.warning("DI2", Text("stuck"))
    gate.keeper.warning("DI2", NOTHING)
    until(lambda: len(gate.told) == 4, "the events")
    assert [name for name, _ in gate.told] == ["no_opening", "input_fault", "no_opening", "input_fault_over"]
    assert str(gate.told[1][1]["input"]) == "the safety loop"


# --- places -----------------------------------------------------------------------------------------------------------


def places(gate: Gate) -> dict[str, tuple[int, int]]:
    return {each.name: (each.count, each.drift) for each in gate.camera.store.occupancy() if each.count or each.drift}


def test_who_drives_in_without_an_opening_makes_the_count_unsure_as_a_tail_gater_does(gates):
    gate = gates(**LOOPS, counts=COUNTS[1])
    gate.lines(DI1=False, DI2=False)
    for seen in (1, 2):
        gate.lines(DI2=True)
        gate.lines(DI2=False)
        gate.clock.advance(60)
        until(lambda seen=seen: places(gate) == {"": (0, seen)}, "the doubt")


ALL_LOOPS = {**LOOPS, "exit": "DI3"}


@pytest.mark.parametrize("loops", [{"safety": "DI2"}, LOOPS, ALL_LOOPS, {"exit": "DI3"}])
@pytest.mark.parametrize("restarts", [False, True])
def test_who_drives_out_of_a_lane_for_both_directions_is_counted_out_once(gates, loops, restarts):
    """The loops lie in the way of those who come in: who drove out stayed inside, and was kept out by anti-passback."""
    gate = gates(**loops, counts=COUNTS[3], passback=PASSBACK[1])
    gate.lines(DI1=False, DI2=False, DI3=False)
    occupancy = gate.camera.store.occupancy
    for plate in ("AB12CDE", "XY99ZZZ"):
        occupancy.enter(plate, WHITE, gate.clock.now(), sure=True)
    gate.lines(DI3=True)
    gate.car(direction="away")
    gate.lines(DI1=True)
    until(lambda: gate.outcome("p1").startswith("opened") and occupancy.since("AB12CDE") is None, "the count")
    if restarts:
        gate.close()
        gate.begin()
        gate.lines(DI1=True, DI2=False, DI3=True)
    gate.lines(DI2=True, DI3=False)
    gate.lines(DI2=False)
    gate.lines(DI1=False)
    gate.clock.advance(61)
    gate.lines(DI1=True)
    gate.car("KLM4711", "last")
    until(lambda: not gate.keeper._effects, "all that was due")
    assert places(gate) == {"WHITELIST": (1, 0)}


def test_vehicles_are_counted_when_they_have_driven_in(gates):
    gate = gates(**LOOPS, counts=COUNTS[1])
    gate.lines(DI1=True, DI2=False)
    gate.car()
    assert places(gate) == {}
    gate.lines(DI2=True, DI1=False)
    gate.lines(DI2=False)
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")


@pytest.mark.parametrize("loops", [{}, LOOPS])
@pytest.mark.parametrize(
    "meant", [{"conditions": Conditions(direction="approach")}, {"start": Start(on="direction", opens=True), "list_id": ALL}]
)
def test_who_drives_out_where_the_action_is_meant_for_those_that_come_in_is_counted_out(gates, loops, meant):
    """The barrier opens for him by itself. He stayed inside for a day, and anti-passback kept him out when he came back."""
    gate = gates(**loops, counts=COUNTS[3], passback=PASSBACK[1], lapse_s=1)
    store = gate.camera.store
    (opens,) = [each for each in store.rules() if each.kind == "io"]
    store.rules.save(replace(opens, **{"conditions": Conditions(direction="approach"), **meant}), "anna")
    gate.lines(DI1=True, DI2=False)
    store.occupancy.enter("AB12CDE", WHITE, gate.clock.now(), sure=True)
    assert not gate.car(direction="away").startswith("opened")
    until(lambda: places(gate) == {}, "the count")
    assert gate.told == []
    gate.clock.advance(60)
    assert gate.car(id="back").startswith("opened")


def test_who_would_drive_out_and_is_read_too_badly_for_that_stays_inside(gates):
    """He was counted out before a closed barrier, and once more when he was read well."""
    gate = gates(counts=COUNTS[3])
    (opens,) = [each for each in gate.camera.store.rules() if each.kind == "io"]
    gate.camera.store.rules.save(replace(opens, conditions=Conditions(min_confidence=90)), "anna")
    gate.camera.store.occupancy.enter("AB12CDE", WHITE, gate.clock.now(), sure=True)
    assert gate.car(direction="away", confidence=50.0).startswith("refused: ")
    assert gate.car("XY99ZZZ", "p2", confidence=95.0).startswith("opened")
    until(lambda: places(gate) == {"WHITELIST": (2, 0)}, "the count of the one who comes in")
    assert gate.car(id="p3", direction="away", confidence=95.0).startswith("opened")
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count of the one who drives out")
    assert gate.told == []


NIGHT = WeekSchedule(((),) * 7)
IN, OUT = Conditions(direction="approach"), Conditions(min_confidence=90)


@pytest.mark.parametrize(
    ("others", "inside"),
    [
        ([{"conditions": OUT}], 1),
        ([{"week": NIGHT}], 1),
        ([{"start": Start("lane", opens=True), "conditions": replace(OUT, lane=1), "list_id": ALL}], 1),
        ([{"conditions": replace(IN, lane=2)}], 0),
        ([{"conditions": Conditions(lane=2)}], 0),  # keeps nothing shut in his lane
        ([{"start": Start("lane", opens=True), "conditions": Conditions(lane=2), "list_id": ALL}], 0),
        ([{"conditions": IN, "week": NIGHT}], 0),
    ],
)
@pytest.mark.parametrize("last", [False, True])
def test_who_drives_out_is_counted_out_unless_an_action_that_is_meant_for_him_keeps_the_barrier_shut(gates, others, inside, last):
    """The first action's reason was taken for that of all: one for those that come in, beside one for whoever drives out."""
    gate = gates(counts=COUNTS[3])
    store = gate.camera.store
    (opens,) = [each for each in store.rules() if each.kind == "io"]
    rules = [{"conditions": IN}, *others]
    store.rules.delete(opens.id, "anna")
    for number, changes in enumerate(reversed(rules) if last else rules):
        store.rules.save(replace(opens, id=0, name=f"Gate {number}", **changes), "anna")
    store.occupancy.enter("AB12CDE", WHITE, gate.clock.now(), sure=True)
    assert gate.car(direction="away", lane=1, confidence=50.0).startswith("refused: ")
    gate.car("XY99ZZZ", "p2", confidence=95.0, lane=1)
    until(lambda: places(gate) == {"WHITELIST": (1 + inside, 0)}, "the count")


def test_without_loops_the_decision_counts_and_a_count_survives_a_restart(gates):
    gate = gates(counts=COUNTS[3])
    gate.car()
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")
    gate.close()
    gate.begin()
    assert places(gate) == {"WHITELIST": (1, 0)}
    gate.keeper.saw(CameraSaw("gw-2", "e1", "A812CDE", 0, "out"), "gw-1")  # one character read wrongly
    until(lambda: places(gate) == {}, "the count")
    gate.car("XY99ZZZ", "p3", direction="away")
    until(lambda: gate.told, "the event")
    assert places(gate) == {"WHITELIST": (0, 1)}
    assert [(name, values["plate"], str(values["why"])) for name, values in gate.told] == [
        ("passback", "XY99ZZZ", "it left, and had not been counted in")
    ]


@pytest.mark.parametrize("loops", [{}, LOOPS])
def test_vehicles_whose_plate_could_not_be_read_are_counted_when_they_are_let_in_and_are_not_one(gates, loops):
    """The second one was kept out as the first, by its plate ""; without loops none was counted."""
    gate = gates(**loops, counts=COUNTS[1], passback=PASSBACK[1], places=2)
    gate.camera.store.rules.save(replace(rule(WHITE, name="Let in"), start=Start("no_plate", opens=True)), "anna")
    for number in range(2):
        gate.lines(DI1=True, DI2=False)
        assert gate.car("", f"p{number}", event="no_plate").startswith("opened")
        gate.lines(DI2=True, DI1=False)
        gate.lines(DI2=False)
        until(lambda number=number: places(gate) == {"": (number + 1, 0)}, "the count")
    gate.lines(DI1=True)
    assert gate.car("", "p3", event="no_plate") == "refused: all 2 places are taken"
    gate.keeper.saw(CameraSaw("gw-2", "e1", "KLM4711", 0, "out"), "gw-1")
    assert places(gate) == {"": (1, 1)}
    assert gate.camera.store.occupancy.leave("", 0, NOW)
    assert places(gate) == {"": (0, 1)}


@pytest.mark.parametrize("loops", [{}, LOOPS])
def test_a_vehicle_whose_direction_is_not_known_makes_the_count_unsure(gates, loops):
    gate = gates(**loops, counts=COUNTS[3])
    gate.lines(DI1=True, DI2=False)
    assert gate.car(direction="").startswith("opened")
    gate.lines(DI2=True, DI1=False)
    gate.lines(DI2=False)
    until(lambda: places(gate) == {"": (0, 1)}, "the count")


@pytest.mark.parametrize("fails_first", [False, True])
def test_a_loop_that_fails_or_works_again_while_a_vehicle_drives_in_counts_it_once(gates, fails_first):
    """It was counted twice, which is an anti-passback alarm, or not at all."""
    gate = gates(arming="DI1", counts=COUNTS[1])
    gate.lines(DI1=True)
    if fails_first:
        gate.keeper.warning("DI1", Text("stuck"))
    assert gate.car().startswith("opened")
    gate.keeper.warning("DI1", NOTHING if fails_first else Text("stuck"))
    gate.lines(DI1=False)
    gate.keeper.by_hand()
    gate.clock.advance(61)
    gate.car("XY99ZZZ", "p2")
    gate.lines(DI1=True)
    gate.lines(DI1=False)
    until(lambda: gate.camera.store.occupancy.since("XY99ZZZ"), "the count of the next one")
    assert gate.camera.store.occupancy.of(WHITE) == Places(WHITE, "", 0, 2, 0)
    assert "passback" not in [name for name, _ in gate.told]


def test_a_loop_that_fails_before_a_restart_and_is_found_to_after_it_counts_nobody_twice(gates):
    """Pins tells what is stuck after all levels: until then the loop counts as one that works."""
    gate = gates(arming="DI1", counts=COUNTS[1], lapse_s=5)
    gate.lines(DI1=True)
    gate.keeper.warning("DI1", Text("stuck"))
    assert gate.car().startswith("opened")
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")
    gate.close()
    gate.begin()
    gate.lines(DI1=True)
    gate.keeper.warning("DI1", Text("stuck"))
    gate.clock.advance(6)
    gate.car("XY99ZZZ", "p2")
    until(lambda: gate.camera.store.occupancy.since("XY99ZZZ"), "the count of the next one")
    assert places(gate) == {"WHITELIST": (2, 0)}
    assert "passback" not in [name for name, _ in gate.told]


def test_without_loops_nobody_is_counted_twice_by_a_restart(gates):
    gate = gates(counts=COUNTS[1], lapse_s=5)
    gate.car()
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")
    gate.close()
    gate.begin()
    gate.clock.advance(6)
    gate.car("XY99ZZZ", "p2")
    until(lambda: gate.camera.store.occupancy.since("XY99ZZZ"), "the count of the next one")
    assert (places(gate), gate.told) == ({"WHITELIST": (2, 0)}, [])


def test_a_list_and_strangers_have_places_of_their_own(gates):
    gate = gates(counts=COUNTS[1], places=1)
    gate.camera.store.rules.save(rule(1, name="All"), "anna")  # of ALL PLATES
    gate.camera.store.occupancy.put(WHITE, 2, None, "anna", NOW)
    gate.car("STRANGE", "p1")
    until(lambda: places(gate) == {"": (1, 0)}, "the count")
    assert gate.car("OTHER99", "p2") == "refused: all 1 places are taken"
    assert gate.car(id="p3").startswith("opened")  # a place of its list is free
    gate.car("XY99ZZZ", "p4")
    until(lambda: places(gate) == {"": (1, 0), "WHITELIST": (2, 0)}, "the count")
    gate.camera.store.entries.save(entry("KLM4711"), "anna")
    assert gate.car("KLM4711", "p5") == "refused: all 2 places of WHITELIST are taken"
    assert [name for name, _ in gate.told] == ["full", "full"]


def test_who_stands_before_a_full_place_is_read_anew_when_a_place_is_free(gates, monkeypatch):
    """The gate stayed shut until the car had backed off and come again."""
    gate = gates(counts=COUNTS[1])
    gate.camera.store.occupancy.put(WHITE, 1, None, "anna", NOW)
    gate.car()
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")
    gate.camera.store.entries.save(entry("KLM4711"), "anna")
    for id, plate in (("p2", "XY99ZZZ"), ("p3", "KLM4711")):
        assert gate.car(plate, id) == "refused: all 1 places of WHITELIST are taken"
        gate.clock.advance(1)
    gate.engine_is_away = True
    gate.camera.store.occupancy.put(WHITE, 1, 0, "anna", NOW)  # by hand
    assert not gate.is_told()
    gate.engine_is_away = False
    until(gate.is_told, "the message")
    assert gate.read_again[0] == ReadAgain("p2", "XY99ZZZ")
    assert gate.car("XY99ZZZ", "p4").startswith("opened")


@pytest.mark.parametrize("is_stranger", [False, True])
def test_who_is_read_anew_in_front_is_let_in_before_the_one_behind_who_comes_just_then(gates, is_stranger):
    """That one was opened for as there was a place by then, and the one in front, who had waited for it, drove in."""
    gate = gates(**LOOPS, counts=COUNTS[1])
    store = gate.camera.store
    store.occupancy.put(WHITE, 9, 0 if is_stranger else 9, "anna", NOW)
    gate.lines(DI1=True, DI2=False)
    gate.car("NEW123" if is_stranger else "AB12CDE")
    gate.clock.advance(1)
    assert not gate.is_told()
    if is_stranger:
        store.entries.save(entry("NEW123"), "anna")
    else:
        store.occupancy.put(WHITE, 9, 7, "anna", NOW)
    gate.clock.advance(10)
    assert gate.is_told()
    gate.clock.advance(1)
    assert gate.car("XY99ZZZ", "behind") == "waiting: the vehicle before it has not driven in yet"
    gate.clock.advance(1)
    assert gate.car(gate.read_again[0].plate, "again").startswith("opened")


def test_who_came_first_is_the_first_one_for_a_place_though_he_was_read_once_more_in_vain_meanwhile(gates):
    """The one behind, whose newest passage was older then, was opened for, and the first one drove in."""
    gate = gates(**LOOPS, counts=COUNTS[1])
    store = gate.camera.store
    store.occupancy.put(WHITE, 1, 1, "anna", NOW)
    gate.lines(DI1=True, DI2=False)
    for id, plate in (("p1", "AB12CDE"), ("p2", "XY99ZZZ"), ("p3", "AB12CDE")):
        assert gate.car(plate, id) == "refused: all 1 places of WHITELIST are taken"
        gate.clock.advance(6)
        assert not gate.is_told()
    store.occupancy.put(WHITE, 1, 0, "anna", NOW)
    assert gate.is_told()
    assert gate.read_again == [ReadAgain("p3", "AB12CDE")]
    gate.clock.advance(1)
    assert gate.car("XY99ZZZ", "p4") == "waiting: the vehicle before it has not driven in yet"
    assert gate.car(id="p5").startswith("opened")


@pytest.mark.parametrize(
    ("newer", "is_listed", "is_fuzzy", "first"),
    [("AB12CD8", True, False, "p1"), ("AB12CD8", False, False, "p1"), ("AB12CD8", False, True, "p3")],
)
def test_who_came_first_is_the_first_one_for_a_place_though_one_that_looks_alike_came_since_or_he_was_misread_since(
    gates, newer, is_listed, is_fuzzy, first
):
    """Of two cars of a firm the first one waited for no place any more, nor did who was read with one wrong character once more;
    or he counted as one who had just come. The barrier opened for another one, and he drove in."""
    gate = gates(**LOOPS, counts=COUNTS[1])
    store = gate.camera.store
    store.lists.save(replace(store.lists.get(WHITE), fuzzy=is_fuzzy), "anna")
    for plate in ("AB12CDB", *[newer] * is_listed):
        store.entries.save(entry(plate), "anna")
    store.occupancy.put(WHITE, 1, 1, "anna", NOW)
    gate.lines(DI1=True, DI2=False)
    for id, plate in (("p1", "AB12CDB"), ("p2", "XY99ZZZ"), ("p3", newer)):
        assert gate.car(plate, id).startswith("refused: ")
        gate.clock.advance(6)
        assert not gate.is_told()
    store.occupancy.put(WHITE, 1, 0, "anna", NOW)
    assert gate.is_told()
    assert [each.passage_id for each in gate.read_again] == [first]


def test_who_was_refused_and_has_gone_back_keeps_nobody_waiting(gates):
    """Each car that had turned away before a full place held up the one that stood there for 5 s as soon as there was a place."""
    gate = gates(**LOOPS, counts=COUNTS[1])
    store = gate.camera.store
    store.occupancy.put(WHITE, 9, 9, "anna", NOW)
    gate.lines(DI1=False, DI2=False)
    for id, plate in (("p0", "GONE11"), ("p1", "GONE22")):
        store.entries.save(entry(plate), "anna")
        gate.lines(DI1=True)
        assert gate.car(plate, id) == "refused: all 9 places of WHITELIST are taken"
        gate.clock.advance(30)
        gate.lines(DI1=False)
    store.occupancy.put(WHITE, 9, 7, "anna", NOW)
    gate.lines(DI1=True)
    gate.clock.advance(1)
    for _ in range(2):
        assert gate.is_told()
    assert [each.passage_id for each in gate.read_again] == ["p0", "p1"], "all of them at once: who came back is read"
    assert gate.car("XY99ZZZ", "p2").startswith("opened")


def test_who_waited_for_a_place_and_was_blacklisted_since_keeps_nobody_waiting(gates):
    gate = gates(**LOOPS, counts=COUNTS[1])
    store = gate.camera.store
    store.occupancy.put(WHITE, 9, 9, "anna", NOW)
    gate.lines(DI1=True, DI2=False)
    assert gate.car() == "refused: all 9 places of WHITELIST are taken"
    store.entries.save(entry("AB12CDE", BLACK), "anna")
    store.occupancy.put(WHITE, 9, 8, "anna", NOW)
    for _ in range(3):
        assert not gate.is_told()
        gate.clock.advance(3)
    assert gate.car("XY99ZZZ", "behind").startswith("opened")


def test_those_who_had_no_place_and_went_back_cost_the_next_one_nothing(gates, monkeypatch):
    """The database was asked four questions about each of them before the barrier opened for him."""
    gate = gates(**LOOPS, counts=COUNTS[1])
    store, asked = gate.camera.store, []
    store.occupancy.put(WHITE, 9, 9, "anna", NOW)
    gate.lines(DI1=False, DI2=False)
    for number in range(30):
        store.entries.save(entry(f"GONE{number}"), "anna")
        gate.lines(DI1=True)
        gate.car(f"GONE{number}", f"p{number}")
        gate.standing.turn(store)
        gate.lines(DI1=False)
        gate.clock.advance(1)
    assert len(gate.standing._kept_out) <= NEWEST
    monkeypatch.setattr(gate.keeper, "keeps_out", lambda *arguments: asked.append(arguments) or True)
    store.occupancy.put(WHITE, 9, 0, "anna", NOW)
    gate.lines(DI1=True)
    assert gate.car("XY99ZZZ", "next").startswith("opened")
    assert asked == []


@pytest.mark.parametrize("is_read_once_more", [False, True])
def test_who_waits_for_a_place_while_many_others_pass_is_still_the_first_one_for_it(gates, is_read_once_more):
    """After twenty passages, as of the street, he stood there for good; read once more, he counted as one who had just come."""
    gate = gates(**LOOPS, counts=COUNTS[1])
    store = gate.camera.store
    store.occupancy.put(WHITE, 9, 9, "anna", NOW)
    gate.lines(DI1=True, DI2=False)
    passing = ["AB12CDE", *[f"STREET{number}" for number in range(25)], "XY99ZZZ"]
    passing += [*[f"STREET{number}" for number in range(25, 35)], "AB12CDE"] * is_read_once_more
    for second, plate in enumerate(passing):
        gate.car(plate, f"{plate} {second}")
        gate.clock.advance(1)
        assert not gate.is_told()
    store.occupancy.put(WHITE, 9, 8, "anna", NOW)
    assert gate.is_told()
    assert [each.plate for each in gate.read_again] == ["AB12CDE"]


def test_who_went_back_and_came_again_stands_behind_the_one_who_came_meanwhile(gates):
    """He counted as the first one, by his first read: the barrier opened for him, and the one in front drove in."""
    gate = gates(**LOOPS, counts=COUNTS[1])
    store = gate.camera.store
    store.occupancy.put(WHITE, 1, 1, "anna", NOW)
    gate.lines(DI1=True, DI2=False)
    for id, plate in (("p1", "AB12CDE"), ("p2", "XY99ZZZ"), ("p3", "AB12CDE")):
        gate.lines(DI1=True)
        assert gate.car(plate, id) == "refused: all 1 places of WHITELIST are taken"
        gate.clock.advance(10)
        assert not gate.is_told()
        if id == "p1":
            gate.lines(DI1=False)
            gate.clock.advance(10)
    store.occupancy.put(WHITE, 1, 0, "anna", NOW)
    assert gate.is_told()
    assert gate.read_again == [ReadAgain("p2", "XY99ZZZ")]
    gate.clock.advance(1)
    assert gate.car("XY99ZZZ", "p4").startswith("opened")


def test_who_waited_and_then_had_no_place_is_read_anew_once_there_is_one_and_not_before(gates):
    """As nothing had opened for him, he was read anew in vain. The engine does so three times: he stood there for good. And he was
    no one of those who wait for a place until another car came, or ten seconds later."""
    gate = gates(**LOOPS, counts=COUNTS[1])
    store = gate.camera.store
    store.occupancy.put(WHITE, 1, 0, "anna", NOW)
    gate.lines(DI1=True, DI2=True)
    assert gate.car() == "waiting: a vehicle stands in the safety loop"
    assert not gate.is_told()
    store.occupancy.enter("OTHER1", WHITE, NOW, True)
    gate.lines(DI2=False)
    until(lambda: gate.decided, "the decision")
    assert gate.outcome("p1") == "refused: all 1 places of WHITELIST are taken"
    assert not gate.is_told()
    store.occupancy.leave("OTHER1", WHITE, NOW, True, NOW)
    assert gate.is_told()
    assert gate.read_again == [ReadAgain("p1", "AB12CDE")]


def test_who_comes_as_a_place_is_free_is_let_in_behind_all_those_who_stand_there_for_it(gates):
    """Until those had been asked for, one each five seconds, the barrier opened for him, and the first one of them drove in."""
    gate = gates(**LOOPS, counts=COUNTS[1])
    store = gate.camera.store
    store.occupancy.put(WHITE, 9, 9, "anna", NOW)
    gate.lines(DI1=True, DI2=False)
    for plate in ("AB12CDE", "XY99ZZZ"):
        assert gate.car(plate, plate) == "refused: all 9 places of WHITELIST are taken"
        gate.clock.advance(5)
        assert not gate.is_told()
    store.entries.save(entry("KLM4711"), "anna")
    store.occupancy.put(WHITE, 9, 5, "anna", NOW)
    assert gate.car("KLM4711", "before anybody was asked for") == "waiting: the vehicle before it has not driven in yet"
    assert gate.is_told()
    gate.clock.advance(1)
    assert gate.car(id="first").startswith("opened")
    gate.clock.advance(1)
    gate.standing.turn(store)
    gate.lines(DI2=True)
    gate.lines(DI2=False)
    until(lambda: places(gate) == {"WHITELIST": (6, 0)}, "the count")
    gate.clock.advance(2)
    store.entries.save(entry("NEW123"), "anna")
    assert gate.car("NEW123", "last") == "waiting: the vehicle before it has not driven in yet"
    gate.clock.advance(1)
    gate.standing.turn(store)
    assert [each.plate for each in gate.read_again] == ["AB12CDE", "XY99ZZZ"]
    assert gate.car("XY99ZZZ", "second").startswith("opened")


def test_who_was_refused_before_another_came_and_drove_in_has_gone_and_keeps_nobody_waiting(gates):
    """Without an arming loop: once there was a place, each of them held up whoever came for 5 s, one after the other."""
    gate = gates(safety="DI2", counts=COUNTS[1])
    store = gate.camera.store
    store.occupancy.put(WHITE, 9, 9, "anna", NOW)
    gate.lines(DI2=False)
    for id in ("p0", "p1"):
        store.entries.save(entry(f"GONE{id}"), "anna")
        assert gate.car(f"GONE{id}", id) == "refused: all 9 places of WHITELIST are taken"
        gate.clock.advance(30)
    store.occupancy.put(WHITE, 9, 7, "anna", NOW)
    assert gate.car(id="p2").startswith("opened")
    gate.lines(DI2=True)
    gate.clock.advance(3)
    assert gate.car("XY99ZZZ", "behind") == "waiting: a vehicle stands in the safety loop"
    gate.clock.advance(1)
    gate.lines(DI2=False)
    until(lambda: gate.outcome("behind").startswith("opened"), "the one behind")
    gate.lines(DI2=True)
    gate.clock.advance(1)
    gate.lines(DI2=False)
    until(lambda: places(gate) == {"WHITELIST": (9, 0)}, "the count")
    store.occupancy.put(WHITE, 9, 5, "anna", NOW)
    for _ in range(2):
        assert gate.is_told()
    assert [each.passage_id for each in gate.read_again] == ["p0", "p1"], "all of them at once: who stands there is read"
    store.entries.save(entry("KLM4711"), "anna")
    assert gate.car("KLM4711", "p4").startswith("opened")


def test_who_stands_there_while_another_drives_out_keeps_his_place_before_the_one_behind(gates):
    gate = gates(safety="DI2", counts=COUNTS[3])
    store = gate.camera.store
    store.occupancy.put(WHITE, 9, 9, "anna", NOW)
    gate.lines(DI2=False)
    assert gate.car(direction="approach") == "refused: all 9 places of WHITELIST are taken"
    gate.clock.advance(30)
    store.entries.save(entry("OUT123"), "anna")
    assert gate.car("OUT123", "out", direction="depart").startswith("opened")
    gate.lines(DI2=True)
    gate.clock.advance(1)
    gate.lines(DI2=False)
    store.occupancy.put(WHITE, 9, 8, "anna", NOW)
    until(gate.is_told, "the place")
    assert gate.read_again == [ReadAgain("p1", "AB12CDE")]
    assert gate.car("XY99ZZZ", "behind", direction="approach") == "waiting: the vehicle before it has not driven in yet"


def test_whose_opening_failed_hours_ago_keeps_nobody_waiting_for_the_sake_of_the_next_engine(gates):
    gate = gates(safety="DI2")
    gate.lines(DI2=False)
    gate.car()
    gate.clock.advance(11)
    while gate.camera.turn():
        pass
    assert gate.states("p1")["io"] == "expired"
    gate.clock.advance(7200)
    assert gate.is_told()
    assert gate.car("XY99ZZZ", "p2").startswith("opened")


def test_another_read_of_who_has_driven_in_is_none_either_when_many_more_have_done_so(gates):
    """The ninth one was held up for 5 s, for one that was inside."""
    gate = gates(**LOOPS)
    gate.lines(DI1=True, DI2=False)
    for number in range(12):
        plate = f"CAR{number:02}{number:02}"
        gate.camera.store.entries.save(entry(plate), "anna")
        assert gate.car(plate, plate).startswith("opened")
        if not number:
            gate.clock.advance(1)
            assert gate.car(plate, "again") == "refused: already opened for this vehicle"
        while gate.camera.turn():
            pass
        gate.lines(DI2=True)
        gate.lines(DI2=False)
        gate.clock.advance(30)
        assert not gate.is_told()


def test_who_was_refused_long_ago_has_gone(gates, monkeypatch):
    gate = gates(counts=COUNTS[1])
    gate.camera.store.occupancy.put(WHITE, 1, 1, "anna", NOW)
    gate.car()
    gate.clock.advance(601)
    assert not gate.is_told()
    assert gate.read_again == []


def test_the_last_place_is_not_given_twice_to_who_waited_for_the_one_before(gates):
    """It was looked for when the second one was read, and the first one, who took it, is counted when it has driven in."""
    gate = gates(**LOOPS, counts=COUNTS[1])
    gate.camera.store.occupancy.put(WHITE, 1, None, "anna", NOW)
    gate.lines(DI1=True, DI2=False)
    gate.car()
    assert gate.car("XY99ZZZ", "p2") == "waiting: the vehicle before it has not driven in yet"
    gate.lines(DI2=True, DI1=False)
    gate.lines(DI2=False)
    gate.lines(DI1=True)
    until(lambda: gate.told, "the event")
    assert gate.outcome("p2") == "refused: all 1 places of WHITELIST are taken"
    assert [(name, values["plate"]) for name, values in gate.told] == [("full", "XY99ZZZ")]
    assert (places(gate), gate.states("p2")["io"], gate.keeper.status().plate) == ({"WHITELIST": (1, 0)}, "expired", "")


def test_without_loops_either(gates):
    gate = gates(second_camera=SECOND_CAMERA[2], counts=COUNTS[1])
    gate.camera.store.occupancy.put(WHITE, 1, None, "anna", NOW)
    gate.keeper.saw(CameraSaw("gw-2"), "gw-1")
    for number, plate in enumerate(("AB12CDE", "XY99ZZZ")):
        assert gate.car(plate, f"p{number}").startswith("waiting")
    for number, plate in enumerate(("AB12CDE", "XY99ZZZ")):
        gate.keeper.saw(CameraSaw("gw-2", f"e{number}", plate), "gw-1")
    until(lambda: len(gate.decided) == 2, "the decisions")
    assert gate.outcome("p0").startswith("opened")
    assert gate.outcome("p1") == "refused: all 1 places of WHITELIST are taken"
    assert places(gate) == {"WHITELIST": (1, 0)}


def test_who_is_refused_when_the_turn_has_come_is_not_counted(gates):
    gate = gates(second_camera=SECOND_CAMERA[2], counts=COUNTS[1])
    gate.keeper.saw(CameraSaw("gw-2"), "gw-1")
    (guest,) = gate.camera.store.entries(WHITE, "AB12CDE")
    gate.camera.store.entries.save(replace(guest, entries_left=1), "anna")
    gate.car()
    gate.car("XY99ZZZ", "p2")
    gate.camera.store.entries.spend(guest.id)
    for number, plate in enumerate(("AB12CDE", "XY99ZZZ")):
        gate.keeper.saw(CameraSaw("gw-2", f"e{number}", plate), "gw-1")
    until(lambda: gate.camera.store.occupancy.since("XY99ZZZ"), "the count of the second one")
    assert gate.outcome("p1") == "refused: its last entry was taken meanwhile"
    assert places(gate) == {"WHITELIST": (1, 0)}


def test_another_read_of_who_has_just_driven_in_is_no_passback(gates):
    """Such as its rear plate: the alarm came with each vehicle whose plate was read again."""
    gate = gates(**LOOPS, counts=COUNTS[1], passback=PASSBACK[1])
    gate.lines(DI1=True, DI2=False)
    gate.car()
    gate.lines(DI2=True, DI1=False)
    gate.lines(DI2=False)
    until(lambda: places(gate), "the count")
    gate.lines(DI1=True)
    assert (gate.car(id="p2"), gate.told) == ("refused: already opened for this vehicle", [])
    gate.clock.advance(31)
    gate.camera.store.settings.put(GeneralSettings(time_zone="Asia/Tokyo"), "anna")
    assert gate.car(id="p3") == "refused: it is counted as inside since 2026-01-02 12:04"
    assert [name for name, _ in gate.told] == ["passback"]


def test_anti_passback_reports_or_refuses_and_never_keeps_anybody_in(gates):
    for number, (passback, outcome) in enumerate([(PASSBACK[0], "opened"), (PASSBACK[1], "refused")]):
        gate = gates(counts=COUNTS[3], passback=passback)
        gate.camera.store.occupancy.reset("anna")
        gate.car(id=f"in{number}")
        until(lambda gate=gate: places(gate) == {"WHITELIST": (1, 0)}, "the count")
        assert gate.car(id=f"again{number}").startswith(outcome)
        until(lambda gate=gate: [name for name, _ in gate.told] == ["passback"], "the event")
        assert gate.car("XY99ZZZ", f"out{number}", direction="away").startswith("opened")
        gate.close()


def test_who_was_counted_in_and_never_let_in_is_no_longer_inside(gates):
    gate = gates(counts=COUNTS[1], passback=PASSBACK[1])
    gate.camera.outbox._told = lambda delivery: gate.keeper.failed(delivery)
    gate.car()
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")
    gate.camera.pins.errors = ["pins is gone"] * 99
    gate.camera.turn()
    gate.clock.advance(11)
    gate.camera.turn()
    assert gate.states("p1")["io"] == "expired"
    until(lambda: places(gate) == {}, "the correction")
    gate.camera.pins.errors = []
    assert gate.car(id="p2").startswith("opened")
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")
    assert gate.told == []


def test_who_is_only_counted_stays_inside_though_a_message_about_him_fails(gates):
    gate = gates(counts=COUNTS[1])
    store, outbox = gate.camera.store, gate.camera.outbox
    store.rules.delete(next(each.id for each in store.rules() if each.kind == "io"), "anna")
    outbox._told = lambda delivery: gate.keeper.failed(delivery)
    assert gate.car().startswith("reported")
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")
    message = gate.camera.claim()
    assert message is not None
    outbox.give_up(message, "failed", Text("no such host"))
    assert gate.car("XY99ZZZ", "p2").startswith("reported")
    until(lambda: places(gate) == {"WHITELIST": (2, 0)}, "the next count")


def test_an_opening_by_hand_lets_somebody_in_whom_nobody_counts_also_without_loops(gates):
    gate = gates(counts=COUNTS[1], lapse_s=5)
    gate.keeper.by_hand()
    gate.clock.advance(6)
    gate.car()
    until(lambda: places(gate) == {"": (0, 1), "WHITELIST": (1, 0)}, "the count, and that it may be off by one")


def test_an_action_without_a_car_that_opens_nothing_after_all_keeps_the_lane_for_nobody(gates):
    """Pins was away as an exit loop was to open: for a minute the lane was another's, and who came in waited for that one."""
    gate = gates(**LOOPS)
    gate.camera.outbox._told = lambda delivery: gate.keeper.failed(delivery)
    exits = replace(rule(ALL, name="Exit"), start=Start(on="input", input="DI3", opens=True))
    gate.camera.store.rules.save(exits, "anna")
    gate.lines(DI1=True, DI2=False)
    gate.camera.pins.errors = ["pins process is gone"] * 99
    at, now_ns = gate.clock.now(), gate.clock.monotonic_ns()
    gate.camera.intake.take(passage("", "exit", at, now_ns, event="input", trigger_cause=input_cause("DI3", True)))
    for _ in range(12):
        while gate.camera.turn():
            pass
        gate.clock.advance(1)
    assert gate.states("exit") == {"io": "expired"}
    assert gate.car() == "opened: AB12CDE is on WHITELIST"


def test_an_action_without_a_car_that_opens_nothing_takes_the_opening_of_a_guard_from_nobody(gates):
    """Who had been read meanwhile got one of his own, over the one whom the guard let in."""
    gate = gates(**LOOPS)
    gate.camera.outbox._told = lambda delivery: gate.keeper.failed(delivery)
    exits = replace(rule(ALL, name="Exit"), start=Start(on="input", input="DI3", opens=True))
    gate.camera.store.rules.save(exits, "anna")
    gate.lines(DI1=True, DI2=False)
    gate.keeper.by_hand()
    gate.camera.pins.errors = ["the line is another's"] * 99
    at, now_ns = gate.clock.now(), gate.clock.monotonic_ns()
    gate.camera.intake.take(passage("", "exit", at, now_ns, event="input", trigger_cause=input_cause("DI3", True)))
    for _ in range(12):
        while gate.camera.turn():
            pass
        gate.clock.advance(1)
    assert gate.states("exit") == {"io": "expired"}
    assert gate.car() == "waiting: the vehicle before it has not driven in yet"


def test_a_lane_that_only_counts_keeps_its_places_whatever_output_opens_and_mutes_no_siren(gates):
    """It took its output that opens, DO1 by custom, for the gate: nobody was refused at another one, and a siren there was mute."""
    gate = gates(counts=COUNTS[1], passback=PASSBACK[1])
    store = gate.camera.store
    (opens,) = [each for each in store.rules() if each.kind == "io"]
    store.rules.save(replace(rule(WHITE, output="DO2"), id=opens.id), "anna")
    store.rules.save(rule(BLACK, name="Siren", output="DO1", even_if_blacklisted=True), "anna")
    store.entries.save(entry("BAD1111", BLACK), "anna")
    assert gate.car().startswith("opened")
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")
    assert gate.car(id="p2").startswith("refused: it is counted as inside")
    assert (gate.car("BAD1111", "p3"), gate.states("p3")) == ("refused: the plate is on BLACKLIST", {"io": "pending"})


def test_who_was_let_in_by_an_output_that_the_lane_does_not_name_stays_inside_though_a_message_fails(gates):
    """A lane that only counts has no say in what opens."""
    gate = gates(counts=COUNTS[1])
    store = gate.camera.store
    (opens,) = [each for each in store.rules() if each.kind == "io"]
    store.rules.save(replace(rule(WHITE, output="DO2"), id=opens.id), "anna")
    gate.car()
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")
    gate.camera.turn()
    (message,) = [each for each in store.deliveries.pending_of("p1") if each.kind == "syslog"]
    gate.keeper.failed(replace(message, state="failed"))
    gate.car("XY99ZZZ", "p2")
    until(lambda: store.occupancy.since("XY99ZZZ"), "the next count")
    assert places(gate) == {"WHITELIST": (2, 0)}
    assert gate.keeper.opening(store, KINDS) == {opens.id}


@pytest.mark.parametrize("gone", ["deleted", "changed"])
def test_who_was_let_in_stays_inside_though_the_action_is_another_by_the_time_that_a_message_fails(gates, gone):
    """A message may fail a day later. Each failure looked for what opened among the rules of now."""
    gate = gates(counts=COUNTS[1])
    store = gate.camera.store
    (opens,) = [each for each in store.rules() if each.kind == "io"]
    gate.car()
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")
    gate.camera.turn()
    assert gate.states("p1")["io"] == "done"
    if gone == "deleted":
        store.rules.delete(opens.id, "anna")
    else:
        store.rules.save(replace(rule(WHITE, output="DO1", do="off"), id=opens.id), "anna")
    (message,) = [each for each in store.deliveries.pending_of("p1") if each.kind == "syslog"]
    gate.keeper.failed(replace(message, state="failed"))
    gate.car("XY99ZZZ", "p2")
    until(lambda: store.occupancy.since("XY99ZZZ"), "the next count")
    assert places(gate) == {"WHITELIST": (2, 0)}


def test_who_was_counted_in_and_saw_a_lamp_only_is_no_longer_inside(gates):
    gate = gates(counts=COUNTS[1])
    store, outbox = gate.camera.store, gate.camera.outbox
    lamp = store.rules.save(rule(WHITE, name="Lamp", output="DO2", even_if_blacklisted=True), "anna").id
    gate.car()
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")
    pending = [each for each in store.deliveries.pending_of("p1") if each.kind == "io"]
    (went_on,), (gate_shut,) = ([each for each in pending if (each.rule_id == lamp) is is_lamp] for is_lamp in (True, False))
    outbox.done(went_on, Text("ok"))
    outbox.give_up(gate_shut, "expired", Text("too late"))
    gate.keeper.failed(replace(gate_shut, state="expired"))
    until(lambda: places(gate) == {}, "the correction")


def test_corrections_by_hand_are_written_down_with_who_did_it(gates):
    occupancy = gates(counts=COUNTS[1]).camera.store.occupancy
    occupancy.put(WHITE, 40, 12, "anna", NOW)
    occupancy.leave("NOTHERE", WHITE, NOW)
    assert (occupancy.of(WHITE).count, occupancy.of(WHITE).drift, occupancy.total()) == (11, 1, 11)
    occupancy.reset("otto")
    assert occupancy.of(WHITE).count == 0 and occupancy.of(WHITE).capacity == 40
    with pytest.raises(ConfigError):
        occupancy.put(WHITE, -1, None, "anna", NOW)
    changes = occupancy._changes("places")
    assert [(each.user, each.item_id, each.before, each.after) for each in changes] == [
        ("otto", 0, {"inside": 11}, {"inside": 0, "reset": True}),
        ("anna", WHITE, {"capacity": 0, "inside": 0}, {"capacity": 40, "inside": 12}),
    ]


def test_plates_that_look_alike_and_both_stand_on_a_list_do_not_lock_each_other_out(gates):
    gate = gates(counts=COUNTS[3], passback=PASSBACK[1])
    for plate in ("QB12CDE", "OB12CDE"):
        gate.camera.store.entries.save(entry(plate), "anna")
    assert gate.car("QB12CDE", "p1").startswith("opened")
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")
    assert gate.car("OB12CDE", "p2").startswith("opened")
    until(lambda: places(gate) == {"WHITELIST": (2, 0)}, "the count")
    assert gate.car("QB12CDE", "p3").startswith("refused: it is counted as inside")


def test_who_leaves_and_stands_on_a_list_as_read_is_not_one_that_looks_alike(gates):
    """The one that had come in was counted out by it: its place was free, and it could come in twice."""
    gate = gates(counts=COUNTS[3], passback=PASSBACK[1])
    for plate in ("QB12CDE", "OB12CDE"):
        gate.camera.store.entries.save(entry(plate), "anna")
    gate.car("QB12CDE", "p1")
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")
    gate.car("OB12CDE", "p2", direction="away")
    until(lambda: gate.told, "that it did not fit")
    assert gate.car("QB12CDE", "p3").startswith("refused: it is counted as inside")


def test_who_was_read_wrongly_when_it_came_in_leaves_under_the_plate_of_its_list(gates):
    gate = gates(counts=COUNTS[3])
    gate.camera.store.rules.save(rule(1, name="All"), "anna")  # of ALL PLATES
    gate.camera.store.entries.save(entry("BB12CDE"), "anna")
    gate.car("8B12CDE", "p1")
    until(lambda: places(gate) == {"": (1, 0)}, "the count")
    gate.car("BB12CDE", "p2", direction="away")
    until(lambda: places(gate) == {}, "the count")


# --- other cameras ----------------------------------------------------------------------------------------------------


def test_the_second_camera_decides_with_the_first(gates):
    gate = gates(second_camera=SECOND_CAMERA[2])
    assert gate.car() == "refused: the second camera is silent"
    gate.keeper.saw(CameraSaw("gw-2"), "gw-1")
    assert str(gate.keeper.status().second_camera) == "the second camera answers"
    assert gate.car(id="p2") == "waiting: waiting for the second camera"
    gate.keeper.saw(CameraSaw("gw-2", "e1", "AB12CDE", 300), "gw-1")
    until(lambda: gate.decided, "the decision")
    assert gate.outcome("p2") == "opened: AB12CDE is on WHITELIST"


def test_a_mismatch_is_an_event_with_both_plates(gates):
    gate = gates(second_camera=SECOND_CAMERA[1])
    gate.keeper.saw(CameraSaw("gw-2", "e1", "BAD1234", 0), "gw-1")
    gate.car()
    gate.clock.advance(3)
    gate.keeper.saw(CameraSaw("gw-2"), "gw-1")
    until(lambda: gate.told, "the event")
    assert gate.told == [("list_mismatch", {"plate": "AB12CDE", "other": "BAD1234", "camera": "gw-2"})]
    assert gate.outcome("p1") == "refused: camera gw-2 read BAD1234, which is on NOT IN LIST and not on WHITELIST"


def test_a_vehicle_that_left_elsewhere_is_counted_once(gates):
    gate = gates(counts=COUNTS[1])
    gate.car()
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")
    for _ in range(3):
        gate.keeper.saw(CameraSaw("gw-2", "e1", "AB12CDE", 0, "out"), "gw-1")
    assert places(gate) == {}


def test_a_camera_with_our_own_id_and_one_that_nobody_waits_for_are_told_so(gates):
    gate = gates(**LOOPS)
    with pytest.raises(ConfigError, match="same id"):
        gate.keeper.saw(CameraSaw("gw-1", "e1", "AB12CDE"), "gw-1")
    with pytest.raises(ConfigError, match="names no second camera"):
        gate.keeper.saw(CameraSaw("gw-2", "e1", "AB12CDE"), "gw-1")
    with pytest.raises(ConfigError, match="counts nothing"):
        gate.keeper.saw(CameraSaw("gw-2", "e1", "AB12CDE", lane="in"), "gw-1")
    with pytest.raises(ConfigError, match="id of its event"):
        gate.keeper.saw(CameraSaw("gw-2", "", "AB12CDE"), "gw-1")


def test_the_time_until_which_a_passage_waits_is_that_of_its_picture(gates):
    gate = gates(**LOOPS)
    gate.lines(DI1=False, DI2=False)
    gate.car()
    pending = gate.camera.store.deliveries.pending_of("p1")
    assert {each.next_try_at for each in pending} == {gate.clock.now() + timedelta(seconds=10)}


@pytest.mark.parametrize(("zone", "counted"), [("Asia/Tokyo", {"WHITELIST": (1, 0)}), ("UTC", {"": (1, 0)})])
def test_what_another_camera_saw_is_looked_up_by_the_hours_of_this_cameras_zone(gates: Any, zone: str, counted: Any) -> None:
    """It was by UTC: the two cameras of a lane then named different lists, and the barrier stayed shut."""
    gate = gates(counts=COUNTS[1])
    gate.camera.store.settings.put(GeneralSettings(time_zone=zone), "anna")
    noon = WeekSchedule(((), (), (), (), ((720, 780),), (), ()))  # NOW is 12:04 on a Friday in Tokyo
    gate.camera.store.entries.save(entry("NN12NNN", week=noon), "anna")
    gate.clock.advance(2 * 3600)  # it is told late, and counts as when it came
    gate.keeper.saw(CameraSaw("gw-2", "e1", "NN12NNN", 2 * HOUR_MS, "in"), "gw-1")
    until(lambda: places(gate), "the count")
    assert places(gate) == counted


def test_a_report_that_comes_again_after_a_restart_is_not_counted_twice(gates: Any) -> None:
    """The other camera heard no answer, as the service ended just then."""
    gate = gates(counts=COUNTS[3], arming="DI1")
    for number, plate in enumerate(("AB12CDE", "XY99ZZZ")):
        gate.keeper.saw(CameraSaw("gw-2", f"in{number}", plate, 0, "in"), "gw-1")
    gate.keeper.saw(CameraSaw("gw-2", "out", "STRANGE", 0, "out"), "gw-1")
    before = gate.camera.store.occupancy()
    gate.close()
    gate.begin()
    for each in (CameraSaw("gw-2", "in1", "XY99ZZZ", 0, "in"), CameraSaw("gw-2", "out", "STRANGE", 0, "out")):
        gate.keeper.saw(each, "gw-1")
    assert gate.camera.store.occupancy() == before


HOUR_MS = 3_600_000


def test_who_came_in_at_a_camera_that_was_away_and_has_left_since_is_not_inside(gates: Any) -> None:
    """Its reports come when it is back. The car park was full of vehicles that had left, and each was refused the next morning."""
    gate = gates(counts=COUNTS[3], passback=PASSBACK[1])
    for number, plate in enumerate(("KLM4711", "XY99ZZZ")):  # one that is there, and one that left before all this
        gate.keeper.saw(CameraSaw("gw-2", f"e{number}", plate, 0, "in"), "gw-1")
    gate.keeper.saw(CameraSaw("gw-3", "e2", "XY99ZZZ", 0, "out"), "gw-1")
    gate.clock.advance(3 * 3600)
    gate.keeper.saw(CameraSaw("gw-3", "e3", "AB12CDE", 0, "out"), "gw-1")
    gate.keeper.saw(CameraSaw("gw-3", "e4", "STRANGE", 0, "out"), "gw-1")  # the one that is there is taken for it
    assert places(gate) == {"": (0, 1), "WHITELIST": (0, 1)}
    gate.clock.advance(3600)
    gate.keeper.saw(CameraSaw("gw-2", "e5", "STRANGE", 2 * HOUR_MS, "in"), "gw-1")
    gate.keeper.saw(CameraSaw("gw-2", "e6", "AB12CDE", 2 * HOUR_MS, "in"), "gw-1")
    assert places(gate) == {"": (1, 0)}
    assert gate.car(id="p1").startswith("opened")
    gate.keeper.saw(CameraSaw("gw-2", "e7", "XY99ZZZ", 2 * HOUR_MS, "in"), "gw-1")  # it has not left since
    gate.keeper.saw(CameraSaw("gw-2", "e8", "STRANGE", 0, "in"), "gw-1")  # it comes in again
    until(lambda: places(gate) == {"": (2, 0), "WHITELIST": (2, 0)}, "the counts")
    assert gate.camera.store.occupancy.since("XY99ZZZ") == gate.clock.now() - timedelta(hours=2)


def test_who_is_forgotten_and_what_is_said_of_other_places_meanwhile_make_no_difference(gates: Any) -> None:
    gate = gates(counts=COUNTS[3])
    store, occupancy = gate.camera.store, gate.camera.store.occupancy
    for number, plate in enumerate(("OLD1111", "XY99ZZZ")):
        gate.keeper.saw(CameraSaw("gw-2", f"e{number}", plate, 0, "in"), "gw-1")
        gate.clock.advance(20 * 3600)
    gate.keeper.saw(CameraSaw("gw-3", "e3", "AB12CDE", 0, "out"), "gw-1")
    assert places(gate) == {"": (1, 0), "WHITELIST": (0, 1)}
    gate.clock.advance(1800)
    now = gate.clock.now()
    assert occupancy.forget(now - timedelta(hours=24), now) == 1
    occupancy.put(WHITE, 50, None, "anna", now)
    occupancy.put(store.lists()[-1].id, None, 0, "anna", now)
    gate.keeper.saw(CameraSaw("gw-2", "e4", "AB12CDE", HOUR_MS, "in"), "gw-1")
    assert places(gate) == {"WHITELIST": (1, 0)}


def test_it_is_not_inside_either_where_the_service_began_anew_meanwhile(gates: Any) -> None:
    gate = gates(counts=COUNTS[3], passback=PASSBACK[1])
    gate.clock.advance(3 * 3600)
    gate.car(direction="away")
    gate.car("XY99ZZZ", "p2")
    until(lambda: gate.camera.store.occupancy.since("XY99ZZZ"), "the counts")
    gate.close()
    gate.begin()  # with a clock of its own
    gate.clock.advance(4 * 3600)
    for number, plate in enumerate(("AB12CDE", "KLM4711")):
        gate.keeper.saw(CameraSaw("gw-2", f"e{number}", plate, 2 * HOUR_MS, "in"), "gw-1")
    assert gate.camera.store.occupancy.since("AB12CDE") is None
    assert places(gate) == {"": (1, 0), "WHITELIST": (1, 1)}


def test_what_is_told_late_counts_for_nothing_where_somebody_has_counted_since(gates: Any) -> None:
    gate = gates(counts=COUNTS[3])
    occupancy = gate.camera.store.occupancy
    occupancy.put(WHITE, None, 5, "anna", gate.clock.now())
    gate.clock.advance(60)
    gate.keeper.saw(CameraSaw("gw-3", "e1", "AB12CDE", 0, "out"), "gw-1")
    gate.clock.advance(60)
    occupancy.put(WHITE, None, 7, "anna", gate.clock.now())
    gate.keeper.saw(CameraSaw("gw-2", "e2", "AB12CDE", HOUR_MS, "in"), "gw-1")
    assert places(gate) == {"WHITELIST": (7, 0)}


def test_who_has_come_in_again_is_not_counted_out_by_what_a_camera_that_was_away_tells(gates: Any) -> None:
    gate = gates(counts=COUNTS[3])
    gate.car()
    until(lambda: places(gate) == {"WHITELIST": (1, 0)}, "the count")
    gate.clock.advance(3600)
    gate.car(id="p2")
    until(lambda: places(gate) == {"WHITELIST": (1, 1)}, "the second count")
    gate.keeper.saw(CameraSaw("gw-2", "e1", "AB12CDE", HOUR_MS // 2, "out"), "gw-1")
    assert places(gate) == {"WHITELIST": (1, 1)}
    gate.keeper.saw(CameraSaw("gw-2", "e2", "AB12CDE", 0, "out"), "gw-1")
    assert places(gate) == {"WHITELIST": (0, 1)}


def test_a_report_that_comes_again_after_a_power_cut_counts_once(gates: Any) -> None:
    """The camera that sent it heard no answer: the car park was said to hold one vehicle less for each."""
    gate = gates(counts=COUNTS[1])
    for number, plate in enumerate(("STRANGE", "KLM4711")):
        gate.keeper.saw(CameraSaw("gw-2", f"e{number}", plate, 0, "in"), "gw-1")
    report = CameraSaw("gw-2", "e2", "STRANGE", 0, "out")
    gate.keeper.saw(report, "gw-1")
    gate.close()
    (gate.folder / "lane.json").unlink(missing_ok=True)  # as in STATE/run, which ends with the boot
    gate.begin()
    gate.keeper.saw(report, "gw-1")
    assert places(gate) == {"": (1, 0)}


def test_of_reports_only_as_many_are_kept_as_may_come_again(gates: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(occupancy, "MOST_REPORTS", 2)
    gate = gates(counts=COUNTS[1])
    for number in range(5):
        gate.keeper.saw(CameraSaw("gw-2", f"e{number}", f"KLM471{number}", 0, "in"), "gw-1")
    assert {each for each in gate.camera.store.counters() if each.startswith("told ")} == {"told gw-2/e3", "told gw-2/e4"}


def test_what_could_not_be_counted_is_counted_when_it_comes_again(gates: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = gates(counts=COUNTS[3])
    report = CameraSaw("gw-2", "in", "AB12CDE", 0, "in")

    def refuse(*_: object) -> None:
        raise StoreError("the storage is full")

    with monkeypatch.context() as full, pytest.raises(StoreError):
        full.setattr(gate.camera.store.occupancy, "enter", refuse)
        gate.keeper.saw(report, "gw-1")
    gate.keeper.saw(report, "gw-1")
    assert places(gate) == {"WHITELIST": (1, 0)}
