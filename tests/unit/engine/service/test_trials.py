"""Trials: TEST carries an action out with a sample plate and the pictures of a car that was really seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from board.kit.clock import TestClock
from board.kit.errors import DeliveryError, PeerRefused
from board.kit.settings import Settings
from board.kit.words import Text
from board.types import OutputPolarity
from engine.actions import ActionEnv, ActionKind, find_kinds
from engine.messages import Outcome, TestAction
from engine.service.trials import Trials
from engine.types import PassageImages, PlateEvent
from tests.samples import WHITE, FakePins, environment, new_store, passage


def test_a_test_sends_the_pictures_of_the_newest_passage_that_has_some(tmp_path: Path) -> None:
    seen: list[PlateEvent] = []

    def deliver(event: PlateEvent, options: Settings, env: ActionEnv) -> Text:
        seen.append(event)
        return Text("sent")

    clock, store = TestClock(), new_store(tmp_path)
    kinds = {"gauge": ActionKind("gauge", "GAUGE", Settings, deliver)}
    trials = Trials(clock, kinds, FakePins(), environment(tmp_path, clock=clock, kinds=kinds), lambda: store, dict)
    request = TestAction("gauge", "{}", WHITE, "ab 12")
    assert trials.run(request) == Outcome(True, Text("sent"))
    store.add_passage(passage("XY9", "p1", images=PassageImages("full.jpg", "plate.jpg")), ())
    store.add_passage(passage("XY8", "p2"), ())
    assert trials.run(request) == Outcome(True, Text("sent"))
    assert [each.passage.images for each in seen] == [PassageImages(), PassageImages("full.jpg", "plate.jpg")]
    assert (seen[1].passage.plate, seen[1].passage.box, seen[1].passage.size) == ("AB 12", (512, 430, 178, 50), (1280, 960))
    assert seen[1].passage.id not in ("p1", "p2")
    store.close()


def test_a_server_that_repeats_the_password_does_not_bring_it_back_to_who_presses_test(tmp_path: Path) -> None:
    def deliver(event: PlateEvent, options: Settings, env: ActionEnv) -> Text:
        if event.passage.plate == "YES":
            return Text("{answer}", {"answer": "250 welcome, deep-secret"})
        raise PeerRefused("{answer}", answer="535 no AUTH PLAIN AHUAZGVlcC1zZWNyZXQ=")

    clock, store = TestClock(), new_store(tmp_path)
    kinds = {"email": replace(find_kinds()["email"], deliver=deliver)}
    trials = Trials(clock, kinds, FakePins(), environment(tmp_path, clock=clock, kinds=kinds), lambda: store, dict)
    options = '{"user": "u", "password": "deep-secret"}'
    assert str(trials.run(TestAction("email", options, WHITE, "YES")).note) == "250 welcome, (hidden)"
    with pytest.raises(PeerRefused, match=r"^535 no AUTH PLAIN \(hidden\)$"):
        trials.run(TestAction("email", options, WHITE, "NO"))
    store.close()


def test_a_test_that_a_service_that_hung_finds_opens_nothing_and_one_that_waited_shortly_has_the_rest_of_its_time(
    tmp_path: Path,
) -> None:
    left_s: list[tuple[float, float]] = []
    clock, store = TestClock(), new_store(tmp_path)

    def deliver(event: PlateEvent, options: Settings, env: ActionEnv) -> Text:
        left_s.append(((env.not_after_ns - clock.monotonic_ns()) / 1e9, (env.not_after - clock.now()).total_seconds()))
        return Text("sent")

    kinds = {"gauge": ActionKind("gauge", "GAUGE", Settings, deliver)}
    trials = Trials(clock, kinds, FakePins(), environment(tmp_path, clock=clock, kinds=kinds), lambda: store, dict)
    clock.advance(30)
    request = TestAction("gauge", "{}", WHITE, "ab 12", ordered_ns=clock.monotonic_ns())
    clock.advance(4)
    assert trials.run(request).ok
    clock.advance(7)
    with pytest.raises(DeliveryError, match="too late"):
        trials.run(request)
    assert left_s == [(6.0, 6.0)]
    store.close()


def test_a_test_that_pins_finds_after_it_was_said_to_have_failed_begins_nothing(tmp_path: Path) -> None:
    clock, store, pins = TestClock(), new_store(tmp_path), FakePins()
    trials = Trials(clock, find_kinds(), pins, environment(tmp_path, pins, clock), lambda: store, dict)
    for kind, options in (("io", "{}"), ("io", '{"delay_ms": 1000}'), ("wiegand", "{}")):
        assert trials.run(TestAction(kind, options, WHITE, "AB 12")).ok
    asked = [each for each in pins.requests if not isinstance(each, OutputPolarity)]
    assert [(each.not_after_ns - clock.monotonic_ns()) / 1e9 for each in asked] == [2.0, 3.0, 2.0]
    store.close()


def test_a_test_for_everybody_is_no_car_is_marked_and_has_the_pictures_of_the_newest_passage(tmp_path: Path) -> None:
    clock, store = TestClock(), new_store(tmp_path)
    trials = Trials(clock, {}, FakePins(), environment(tmp_path, clock=clock), lambda: store, dict)
    store.add_passage(passage("XY9", "p1", images=PassageImages("full.jpg", "plate.jpg")), ())
    event = trials.passage()
    assert (event.passage.plate, event.passage.trigger_cause, str(event.decision.reason)) == (
        "TEST",
        "test",
        "a test: no car is there",
    )
    assert (event.row, event.matches, event.deliveries, event.decision.outcome) == (0, (), (), "reported")
    assert event.passage.images == PassageImages("full.jpg", "plate.jpg")
    assert store.passages.get(event.passage.id) is None
    store.close()
