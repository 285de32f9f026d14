"""Bypass: a car whose passage cannot be stored is let in once, in time, and stored later as what happened."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from board.kit.errors import DeliveryError, StorageFull
from board.kit.words import Text
from board.types import PinsDone, Pulse
from engine.types import ANY_PASSAGE, Conditions, Start
from tests.dispatch_camera import Camera
from tests.samples import BLACK, NOW_NS, WHITE, entry, passage, rule
from tests.waiting import until


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    made = Camera(tmp_path)
    made.store.entries.save(entry("HK55EVB"), "admin")
    made.store.rules.save(rule(duration_ms=500), "admin")
    made.store.rules.save(rule(kind="http", name="server", url="http://192.0.2.1/"), "admin")
    yield made
    made.store.close()


def refused(camera: Camera) -> None:
    """The passage comes once more, as the engine repeats it."""
    with pytest.raises(StorageFull):
        camera.intake.take(passage())


@pytest.fixture
def filled(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> Camera:
    def add(*arguments: object) -> bool:
        raise StorageFull("storage is full")

    monkeypatch.setattr(camera.store, "add_passage", add)
    return camera


def test_the_gate_opens_once_however_often_the_passage_comes(filled: Camera) -> None:
    for _ in range(3):
        refused(filled)
        until(lambda: filled.pins.requests, "the gate")
    assert [type(one) for one in filled.pins.requests] == [Pulse]


def test_what_happened_is_stored_when_there_is_room_however_late(filled: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(filled)
    held = until(lambda: filled.bypass.held(passage().id), "what is held")
    until(lambda: done(filled), "the end of the pulse")
    filled.clock.advance(3600)
    monkeypatch.undo()
    assert filled.intake.take(passage()) is True
    assert filled.states() == [("done", 1, "DO1 pulsed 500 ms"), ("pending", 0, "")]
    assert filled.store.passages.get(passage().id).decision == held.decision  # type: ignore[union-attr]
    assert held.decision.outcome == "opened"
    assert filled.bypass.held(passage().id) is None


def test_what_was_let_in_by_a_service_that_has_ended_since_is_stored_as_that_and_takes_its_entry(filled: Camera) -> None:
    (one,) = filled.store.entries(WHITE)
    filled.store.entries.save(replace(one, entries_left=2), "admin")
    refused(filled)
    until(lambda: done(filled), "the end of the pulse")
    filled.crash()  # the next one can store it
    filled.clock.advance(3600)
    assert filled.intake.take(passage()) is True
    assert filled.states() == [("done", 1, "began before: not repeated"), ("pending", 0, "")]
    stored = filled.store.passages.get(passage().id)
    assert stored is not None and stored.decision.outcome == "opened"
    assert [each.entries_left for each in filled.store.entries(WHITE)] == [1]
    assert len(filled.pins.requests) == 1


def done(camera: Camera) -> bool:
    held = camera.bypass.held(passage().id)
    return held is not None and any(each.state == "done" for each in held.deliveries)


def test_a_car_that_came_too_long_ago_is_not_let_in(filled: Camera) -> None:
    filled.clock.advance(11)
    refused(filled)
    refused(filled)
    assert filled.pins.requests == []


@pytest.mark.parametrize("ahead_s", [-86_400, 86_400])
def test_a_clock_that_is_set_after_the_picture_costs_nobody_his_opening(filled: Camera, ahead_s: int) -> None:
    with pytest.raises(StorageFull):
        filled.intake.take(passage(at=filled.clock.now() - timedelta(seconds=ahead_s)))
    until(lambda: filled.pins.requests, "the gate")


def test_a_gate_that_refuses_is_asked_again_when_the_passage_comes_again(filled: Camera) -> None:
    filled.pins.errors = ["DO1 is taken by process 7"]
    refused(filled)
    until(lambda: len(filled.pins.requests) == 1, "the first try")
    until(lambda: again(filled), "the second try")
    assert len({one.id for one in filled.pins.requests}) == 1
    assert len(filled.pins.begun) == 1


def again(camera: Camera) -> bool:
    refused(camera)
    return len(camera.pins.requests) == 2


@pytest.mark.parametrize("end", [PinsDone("", NOW_NS), DeliveryError("pins went away")], ids=["done", "gone"])
def test_a_pulse_that_pins_has_taken_counts_when_it_ended(filled: Camera, end: PinsDone | DeliveryError) -> None:
    filled.pins.takes = True
    refused(filled)
    until(lambda: filled.pins.settles, "the pulse that was taken")
    assert not done(filled)
    filled.pins.end(end)
    assert done(filled) is isinstance(end, PinsDone)


@pytest.mark.parametrize(
    ("start", "conditions", "came"),
    [
        (Start("input", "DI2", opens=True), ANY_PASSAGE, {"plate": "", "event": "input", "trigger_cause": "input DI2 active"}),
        (Start("lane", opens=True), Conditions(lane=2), {"plate": "B1234", "lane": 2}),
        (Start("no_match", opens=True), ANY_PASSAGE, {"plate": "B1234"}),
    ],
    ids=["exit loop", "any car of a lane", "not on the list"],
)
def test_what_opens_without_a_listed_plate_opens_too(
    filled: Camera, start: Start, conditions: Conditions, came: dict[str, Any]
) -> None:
    filled.store.rules.save(replace(rule(BLACK, name="Exit", output="DO2"), start=start, conditions=conditions), "admin")
    with pytest.raises(StorageFull):
        filled.intake.take(passage(**came), Text("something happened"))
    until(lambda: [one.output for one in filled.pins.requests] == ["DO2"], "the gate")


class Stall:
    """A storage that takes the passage only when it is let go; the passage comes in a thread of its own."""

    def __init__(self, camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("engine.dispatch.bypass.SLOW_S", 0.05)
        self.goes_on = threading.Event()
        self.add = camera.store.add_passage
        monkeypatch.setattr(camera.store, "add_passage", self._add)
        self.thread = threading.Thread(target=camera.intake.take, args=(passage(),))
        self.thread.start()

    def _add(self, *arguments: Any) -> bool:
        assert self.goes_on.wait(20)
        return self.add(*arguments)

    def end(self) -> None:
        self.goes_on.set()
        self.thread.join(20)


def test_a_storage_that_stalls_keeps_no_car_waiting_and_opens_once(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    stall = Stall(camera, monkeypatch)
    until(lambda: done(camera), "the gate")
    camera.clock.advance(30)
    stall.end()
    assert camera.states() == [("done", 0, "DO1 pulsed 500 ms"), ("pending", 0, "")]
    assert camera.bypass.held(passage().id) is None
    assert len(camera.pins.requests) == 1


def test_what_closes_waits_for_no_storage_that_stalls_either(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    (opens,) = [each for each in camera.store.rules() if each.kind == "io"]
    camera.store.rules.save(replace(rule(do="off"), id=opens.id), "anna")
    stall = Stall(camera, monkeypatch)
    until(lambda: done(camera), "the output")
    camera.clock.advance(30)
    stall.end()
    assert camera.states() == [("done", 0, "DO1 switched off"), ("pending", 0, "")]


def test_what_is_still_on_its_way_to_pins_when_the_storage_goes_on_is_done_once(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera.pins.takes = True
    stall = Stall(camera, monkeypatch)
    until(lambda: camera.pins.settles, "the frame that was taken")
    stall.end()
    camera.pins.takes = False
    assert camera.turn()
    assert camera.states()[0] == ("done", 1, "DO1 pulsed 500 ms")
    assert len({one.id for one in camera.pins.requests}) == 1


def test_a_door_that_knows_no_ids_is_not_asked_twice(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    camera.store.rules.save(rule(kind="two_n", name="Door", host="192.0.2.1", user="a", password="b"), "admin")
    stall = Stall(camera, monkeypatch)
    until(lambda: done(camera), "the gate")
    held = camera.bypass.held(passage().id)
    assert held is not None
    assert [each.state for each in held.deliveries if each.kind == "two_n"] == ["pending"]
    assert not camera.bypass._busy
    stall.end()


def test_a_full_database_is_said_as_that(camera: Camera) -> None:
    camera.store.db.pragma(f"max_page_count={camera.store.db.pragma('page_count')}")
    with pytest.raises(StorageFull, match="storage is full"):
        for number in range(2000):
            camera.intake.take(passage(id=f"p{number}"))


def test_a_door_that_is_being_asked_is_not_asked_once_more_when_there_is_room_meanwhile(
    filled: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.store.rules.save(rule(kind="two_n", name="Door", host="192.0.2.1", user="a", password="b"), "admin")
    asked, answers = [], threading.Event()

    def deliver(event: Any, options: Any, env: Any) -> Text:
        asked.append(env.delivery_id)
        assert answers.wait(20)
        return Text("the door took it")

    kinds = {**filled.kinds, "two_n": replace(filled.kinds["two_n"], deliver=deliver)}
    for part in (filled.intake, filled.performer, filled.bypass):
        monkeypatch.setattr(part, "_kinds", kinds)
    refused(filled)
    until(lambda: asked, "the door")
    monkeypatch.setattr(filled.store, "add_passage", type(filled.store).add_passage.__get__(filled.store))
    again = threading.Thread(target=filled.intake.take, args=(passage(),))
    again.start()
    again.join(0.3)
    answers.set()
    again.join(20)
    while filled.turn():
        pass
    assert len(asked) == 1
    assert "the door took it" in [note for _, _, note in filled.states()]


def test_events_that_nobody_brings_again_push_no_car_out(filled: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.dispatch.bypass.MOST_HELD", 3)
    exit_loop = replace(rule(BLACK, name="Exit", output="DO2"), start=Start("input", "DI2", opens=True))
    filled.store.rules.save(exit_loop, "admin")
    refused(filled)
    for number in range(5):
        with pytest.raises(StorageFull):
            filled.intake.take(passage("", id=f"e{number}", event="input", trigger_cause="input DI2 active"))
    assert filled.bypass.held(passage().id) is not None
    assert len(filled.bypass._held) == 3


def test_what_is_called_when_a_storage_stalls_is_not_called_once_it_has_gone_on() -> None:
    from engine.dispatch.bypass import in_time

    with in_time(lambda: called.append(1)) as late:
        called: list[int] = []
    late.run()
    assert called == []


def no_thread(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_where_the_camera_can_start_no_thread_a_car_is_stored_all_the_same(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", no_thread)
        camera.intake.take(passage())
    assert camera.store.passages.has(passage().id)


def test_whom_no_thread_could_let_in_is_let_in_as_the_passage_comes_again(filled: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", no_thread)
        refused(filled)
    assert filled.pins.requests == []
    refused(filled)
    until(lambda: filled.pins.requests, "the gate")
