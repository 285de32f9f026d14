"""Starts: for each, which passages begin a rule and which do not; which kinds of action may be used with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from board.kit.settings import SettingsError
from board.kit.words import Text
from engine.dispatch import starts
from engine.dispatch.starts import STARTS, input_cause, timer_cause
from engine.events import EVENTS
from engine.types import ActionRule, Conditions, Decision, Start
from tests.dispatch_camera import KINDS, Camera
from tests.samples import ALL, BLACK, WHITE, entry, passage, rule

OPENERS = {"io", "wiegand", "wiegand_vivotek", "two_n", "osdp"}
NEED_A_PLATE = {"wiegand", "wiegand_vivotek", "two_n", "ask", "osdp"}
WITH_A_PLATE = {"match", "no_match", "direction", "lane"}

NEEDED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "direction": ({}, {"direction": "away"}),
    "lane": ({}, {"lane": 2}),
    "input": ({"input": "DI1"}, {}),
    "timer": ({"every_min": 5}, {}),
}
"""Start -> what of it and of the conditions it needs."""


def starting(on: str, kind: str = "syslog", opens: bool = False, **changes: Any) -> ActionRule:
    start, conditions = NEEDED.get(on, ({}, {}))
    made = rule(WHITE, kind, f"on {on}")
    return replace(made, start=Start(on, opens=opens, **{**start, **changes}), conditions=Conditions(**conditions))


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    made = Camera(tmp_path)
    yield made
    made.store.close()


OF_THE_LANE = ("no_opening", "opening_unused", "input_fault", "input_fault_over", "passback", "full", "by_hand")

PASSAGES = {
    "listed": passage("LISTED1", lane=1),
    "stranger": passage("STRANGER", lane=1),
    "away": passage("STRANGER", lane=1, direction="away"),
    "lane 2": passage("LISTED1", lane=2),
    "no plate": passage("", trigger_id="t1"),
    "unsure": passage("", event="low_confidence", unsure="L1STED1"),
    "mismatch": passage("LISTED1", event="list_mismatch"),
    "DI1 on": passage("", event="input", trigger_cause=input_cause("DI1", True)),
    "DI1 off": passage("", event="input", trigger_cause=input_cause("DI1", False)),
    "DI2 on": passage("", event="input", trigger_cause=input_cause("DI2", True)),
    "its timer": passage("", event="timer", trigger_cause=timer_cause(1)),
    "another timer": passage("", event="timer", trigger_cause=timer_cause(2)),
    "tail-gate": passage("", event="tail_gate"),
    "held open": passage("", event="held_open"),
    "still": passage("", event="barrier_still"),
    **{name: passage("", event=name) for name in OF_THE_LANE},
}
CARS_READ = {"listed", "stranger", "away", "lane 2"}

BEGINS = {
    "match": {"listed", "lane 2"},
    "no_match": {"stranger", "away"},
    "direction": {"away"},
    "lane": {"lane 2"},
    "no_plate": {"no plate"},
    "low_confidence": {"unsure"},
    "list_mismatch": {"mismatch"},
    "input": {"DI1 on"},
    "timer": {"its timer"},
    "tail_gate": {"tail-gate"},
    "held_open": {"held open"},
    "barrier_still": {"still"},
    **{name: {name} for name in OF_THE_LANE},
}


def test_every_start_is_in_this_table_and_every_event_can_start_a_rule() -> None:
    assert set(BEGINS) == set(STARTS)
    assert set(STARTS) == {"match", "no_match", "direction", "lane", *EVENTS} - {"plate"}


@pytest.mark.parametrize("on", sorted(BEGINS))
def test_a_rule_begins_on_what_its_start_says_and_on_nothing_else(camera: Camera, on: str) -> None:
    camera.store.entries.save(entry("LISTED1"), "anna")
    saved = camera.store.rules.save(starting(on), "anna")
    assert saved.id == 1
    assert camera.store.rules.get(1) == saved
    begun = set()
    for number, (name, one) in enumerate(PASSAGES.items()):
        before = len(camera.states())
        assert camera.intake.take(replace(one, id=f"p{number}"), Text("it happened"))
        begun |= {name} if len(camera.states()) > before else set()
    assert begun == BEGINS[on]


def test_an_input_may_start_a_rule_when_it_is_released(camera: Camera) -> None:
    camera.store.rules.save(starting("input", active=False), "anna")
    for number, (name, one) in enumerate(PASSAGES.items()):
        camera.intake.take(replace(one, id=f"p{number}"))
        assert len(camera.states()) == (1 if list(PASSAGES).index(name) >= list(PASSAGES).index("DI1 off") else 0), name


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("on", sorted(STARTS))
def test_what_opens_a_gate_starts_without_a_listed_plate_only_where_that_is_said(kind: str, on: str) -> None:
    def fields(made: ActionRule) -> list[str]:
        try:
            starts.check(made, KINDS[kind])
        except SettingsError as why:
            return [problem.field for problem in why.problems]
        return []

    needless = KINDS[kind].needs_plate and on not in WITH_A_PLATE
    closed = kind in OPENERS and on != "match" and not needless
    assert fields(starting(on, kind)) == (["start"] if needless else ["start_opens"] if closed else [])
    assert fields(starting(on, kind, opens=True)) == (["start"] if needless else [])


def test_the_kinds_that_open_and_those_that_need_a_plate_are_these() -> None:
    assert {name for name, kind in KINDS.items() if starts.opens(kind)} == OPENERS
    assert {name for name, kind in KINDS.items() if kind.needs_plate} >= NEED_A_PLATE


@pytest.mark.parametrize(
    ("made", "problems"),
    [
        (replace(rule(), start=Start("later")), ["Starts on: must be one of match, no_match"]),
        (replace(rule(kind="syslog"), start=Start("input")), ["Input: say which, or choose another start"]),
        (replace(rule(kind="syslog"), start=Start("direction")), ["Direction: say which, or choose another start"]),
        (replace(rule(kind="syslog"), start=Start("timer")), ["Times: give times of the day, or every how many minutes"]),
        (
            replace(rule(kind="syslog"), start=Start("timer", every_min=5, times=(1,))),
            ["Times: give times of the day, or every how many minutes"],
        ),
        (
            replace(rule(kind="syslog"), start=Start("tail_gate", input="DI1"), conditions=Conditions(min_confidence=5)),
            ["Input: does not go with the start 'Tail-gate'", "Minimum confidence: does not go with the start 'Tail-gate'"],
        ),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_said_at_its_field(made: ActionRule, problems: list[str]) -> None:
    with pytest.raises(SettingsError) as why:
        starts.check(made, KINDS[made.kind])
    said = [str(each) for each in why.value.problems]
    assert len(said) == len(problems)
    assert all(one.startswith(begin) for one, begin in zip(said, problems, strict=True)), said


def test_an_exit_loop_opens_and_says_so(camera: Camera) -> None:
    camera.store.rules.save(starting("input", "io", opens=True), "anna")
    happened = Text("{input} became {level}", {"input": "DI1", "level": Text("active")})
    camera.intake.take(passage("", event="input", trigger_cause=input_cause("DI1", True)), happened)
    stored = camera.store.passages.get("p1")
    assert stored is not None
    assert (stored.decision, stored.passage.what) == (Decision("opened", happened), "input")
    assert camera.turn()
    assert [str(note) for _, _, note in camera.states()] == ["DO1 pulsed 500 ms"]
    assert [type(each).__name__ for each in camera.pins.requests] == ["Pulse"]


def test_a_mismatched_plate_is_looked_up_nowhere_and_opens_nothing(camera: Camera) -> None:
    camera.store.entries.save(entry("LISTED1"), "anna")
    camera.store.rules.save(rule(WHITE), "anna")
    camera.store.rules.save(rule(ALL), "anna")
    camera.intake.take(passage("LISTED1", event="list_mismatch"), Text("another car"))
    stored = camera.store.passages.get("p1")
    assert stored is not None
    assert (stored.decision, stored.lists, camera.states()) == (Decision("reported", Text("another car")), (), [])


def test_a_blacklisted_plate_is_withheld_from_what_starts_on_strangers(camera: Camera) -> None:
    camera.store.entries.save(entry("LISTED1", BLACK), "anna")
    camera.store.rules.save(starting("no_match", "io", opens=True), "anna")
    camera.intake.take(passage("LISTED1"))
    assert [(state, note) for state, _, note in camera.states()] == [("withheld", "the plate is on BLACKLIST")]


def test_what_opens_for_any_car_in_a_lane_is_the_reason(camera: Camera) -> None:
    camera.store.rules.save(starting("lane", "io", opens=True), "anna")
    camera.intake.take(passage("STRANGER", lane=2))
    stored = camera.store.passages.get("p1")
    assert stored is not None
    assert (stored.decision.outcome, str(stored.decision.reason)) == ("opened", "on lane starts on this: Any car in a lane")


def test_a_delivery_whose_rule_starts_on_something_else_now_is_not_carried_out(camera: Camera) -> None:
    saved = camera.store.rules.save(starting("input", "io", opens=True), "anna")
    camera.intake.take(passage("", event="input", trigger_cause=input_cause("DI1", True)))
    camera.store.rules.save(replace(saved, start=Start("input", "DI2", opens=True)), "anna")
    assert camera.turn()
    assert camera.pins.requests == []
    assert [(state, note) for state, _, note in camera.states()] == [
        ("failed", "the action was changed and starts on something else now")
    ]


@pytest.mark.parametrize(
    ("kind", "max_age_s", "problem"),
    [
        ("io", 5, "IO may open a gate: it acts within 10 s or not at all"),
        ("http", 4, "must be 5 to 2592000 s"),
        ("http", 2_592_001, "must be 5 to 2592000 s"),
        ("http", -1, "must be 5 to 2592000 s"),
    ],
)
def test_what_opens_is_never_tried_for_longer_and_messages_within_limits(kind: str, max_age_s: int, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        starts.check(replace(rule(WHITE, kind), max_age_s=max_age_s), KINDS[kind])


def test_a_message_may_be_tried_for_five_seconds_or_thirty_days() -> None:
    for max_age_s in (0, 5, 2_592_000):
        starts.check(replace(rule(WHITE, "http"), max_age_s=max_age_s), KINDS["http"])
