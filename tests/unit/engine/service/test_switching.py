"""Switching: outputs that people and recorders switch, and what Audit keeps of it."""

from __future__ import annotations

from typing import Any

import pytest

from board.kit.clock import TestClock
from board.kit.settings import SettingsError
from board.kit.words import Text
from board.types import Level, Pulse
from engine.actions.io import IoOptions
from engine.messages import Outcome, SwitchOutput, TestAction
from engine.service.events import Done
from engine.service.switching import Switching
from tests.samples import NOW_NS, WHITE, FakePins


class Desk:
    def __init__(self, *errors: str) -> None:
        self.pins = FakePins(*errors)
        self.clock = TestClock()
        self.kept: list[tuple[str, str, str, str, str]] = []
        self.switched: list[IoOptions] = []
        self.switching = Switching(self.clock, self.pins, self.happened, self.switched.append)

    def happened(self, event: str, cause: str, done: Done, what: Text, who: Text) -> None:
        assert what == done.note
        self.kept.append((event, cause, done.state, str(done.note), str(who)))

    def do(self, **changes: Any) -> Outcome:
        order = {"output": "DO1", "do": "pulse", "duration_ms": 500, "user": "anna", "address": "10.0.0.7", "through": "API"}
        return self.switching.do(SwitchOutput(**{**order, **changes}))


@pytest.mark.parametrize(
    ("do", "request_", "said"),
    [
        ("pulse", ("Pulse", "DO1", 500), "DO1 pulsed 500 ms"),
        ("on", ("Level", "DO1", True), "DO1 switched on"),
        ("off", ("Level", "DO1", False), "DO1 switched off"),
    ],
)
def test_an_output_is_switched_at_once_and_audit_keeps_who_and_from_where(do: str, request_: tuple[object, ...], said: str) -> None:
    desk = Desk()
    outcome = desk.do(do=do, reason="parcel")
    assert (outcome.ok, str(outcome.note)) == (True, said)
    asked = desk.pins.requests[0]
    assert isinstance(asked, Pulse | Level)
    value = asked.duration_ms if isinstance(asked, Pulse) else asked.active
    assert (type(asked).__name__, asked.output, value) == request_
    assert (asked.delay_ms, asked.not_after_ns) == (0, NOW_NS + 2_000_000_000)
    assert desk.kept[0] == ("by_hand", "API", "done", said, "anna at 10.0.0.7 (API): parcel")
    assert desk.switched[0].do == do


def test_what_pins_refuses_is_said_and_kept_as_failed_and_the_lane_is_told_nothing() -> None:
    desk = Desk("DO2 is on: they are interlocked")
    assert desk.do() == Outcome(False, Text("DO2 is on: they are interlocked"))
    what = "not done (DO1 pulsed 500 ms): DO2 is on: they are interlocked"
    assert (desk.kept, desk.switched) == ([("by_hand", "API", "failed", what, "anna at 10.0.0.7 (API)")], [])


@pytest.mark.parametrize(
    "wrong", [{"do": "pattern"}, {"do": ""}, {"duration_ms": 9}, {"duration_ms": 600_001}, {"output": ""}], ids=str
)
def test_an_order_that_makes_no_sense_reaches_no_pin(wrong: dict[str, Any]) -> None:
    desk = Desk()
    with pytest.raises(SettingsError):
        desk.do(**wrong)
    assert (desk.pins.requests, desk.kept) == ([], [])


def test_each_test_of_an_action_that_opens_is_kept_and_of_repeated_failures_the_first() -> None:
    desk = Desk()
    test = TestAction("io", "{}", WHITE, "AB12", user="anna", address="10.0.0.7")
    for state, said in (("done", "DO1 pulsed 500 ms"), ("failed", "DO1 is guarded")):
        for _ in range(2):
            desk.switching.tried(test, Done("io", state, Text(said)))
    who = "anna at 10.0.0.7 (TEST)"
    done = ("by_hand", "TEST", "done", "DO1 pulsed 500 ms", who)
    assert desk.kept == [done, done, ("by_hand", "TEST", "failed", "DO1 is guarded", who)]


def test_an_order_that_a_program_repeats_is_kept_once_in_ten_minutes_and_each_pulse() -> None:
    desk = Desk()
    for _ in range(3):
        desk.do(do="on")
    desk.do(do="on", user="bert")
    desk.do(do="off", user="bert")
    desk.do(do="on", user="bert")
    for _ in range(3):
        desk.do()
    kept = [(said, who.split()[0]) for _, _, _, said, who in desk.kept]
    on, off, pulsed = "DO1 switched on", "DO1 switched off", "DO1 pulsed 500 ms"
    assert kept == [(on, "anna"), (on, "bert"), (off, "bert"), (on, "bert"), *[(pulsed, "anna")] * 3]
    assert len(desk.pins.requests) == 9
    desk.do(do="on")
    desk.clock.advance(601)
    desk.do(do="on")
    assert len(desk.kept) == 9


def test_an_order_to_a_service_that_hung_opens_nothing_once_it_goes_on_and_closes_all_the_same() -> None:
    desk = Desk()
    desk.clock.advance(30)
    ordered_ns = desk.clock.monotonic_ns()
    desk.clock.advance(4)
    for do in ("pulse", "on", "off"):
        desk.do(do=do, ordered_ns=ordered_ns)
    pulse, on, off = desk.pins.requests
    assert isinstance(pulse, Pulse) and isinstance(on, Level) and isinstance(off, Level)
    assert pulse.not_after_ns == on.not_after_ns == ordered_ns + 5_000_000_000
    assert off.not_after_ns == desk.clock.monotonic_ns() + 2_000_000_000
    desk.do(ordered_ns=0)
    assert 0 < desk.pins.requests[-1].not_after_ns < desk.clock.monotonic_ns()


def test_a_refusal_that_repeats_is_kept_once() -> None:
    desk = Desk(*["DO2 is on: they are interlocked"] * 3)
    assert [desk.do().ok for _ in range(3)] == [False] * 3
    assert [each[2] for each in desk.kept] == ["failed"]


def test_what_strangers_say_of_themselves_is_cut_and_in_one_line() -> None:
    desk = Desk()
    desk.do(user="", reason="a\nb\x1b" + "c" * 500)
    assert desk.kept[0][4] == "somebody at 10.0.0.7 (API): a b " + "c" * 76
