"""Bypass: a car whose passage cannot be stored is let in once, in time, and stored later as what happened."""

from __future__ import annotations

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
from tests.samples import BLACK, NOW_NS, entry, passage, rule
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


def test_a_full_database_is_said_as_that(camera: Camera) -> None:
    camera.store.db.pragma(f"max_page_count={camera.store.db.pragma('page_count')}")
    with pytest.raises(StorageFull, match="storage is full"):
        for number in range(2000):
            camera.intake.take(passage(id=f"p{number}"))
