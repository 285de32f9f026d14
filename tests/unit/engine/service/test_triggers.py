"""Triggers: mode and period, refusals with their reason, answers of the engine."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from board.kit.clock import TestClock
from board.kit.errors import TriggerRefused, WireError
from board.kit.words import Text
from engine.messages import TriggerTaken
from engine.service.triggers import Triggers
from engine.types import Trigger
from tests.samples import passage


class Bench:
    def __init__(self) -> None:
        self.clock = TestClock()
        self.mode = "TRIGGER"
        self.sent: list[Trigger] = []
        self.answer: str | None = ""
        self.gone = False
        self.counters: Counter[str] = Counter()
        self.kept: list[int] = []
        self.restart(None)

    def restart(self, last_ns: int | None) -> None:
        self.triggers = Triggers(
            self.clock,
            lambda: self.mode,
            self._send,
            lambda: 4.0,
            lambda name: self.counters.update([name]),
            last_ns,
            self.kept.append,
        )

    def _send(self, trigger: Trigger) -> None:
        if self.gone:
            raise WireError("no engine is connected")
        self.sent.append(trigger)

    def fire(self) -> str:
        try:
            trigger = self.triggers.fire("input DI1", wait_taken_s=0)
        except TriggerRefused as why:
            return str(why)
        return "" if trigger == self.sent[-1] else "another one"


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_triggers_nearer_than_the_period_are_refused_with_the_time_that_is_missing(bench: Bench) -> None:
    said = []
    for wait_s in (0, 1.5, 2.4, 0.1, 4):
        bench.clock.advance(wait_s)
        said.append(bench.fire())
    early = "s too early: at least 4 s must lie between two triggers"
    assert said == ["", f"2.5 {early}", f"0.1 {early}", "", ""]
    assert bench.counters == {"Triggers received": 5, "Triggers refused": 2}
    assert len({trigger.id for trigger in bench.sent}) == 3


def test_the_log_has_a_line_for_each_trigger(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "triggers"):
        bench.fire()
        cause = "socket 10.0.0.5"
        with pytest.raises(TriggerRefused):
            bench.triggers.fire(cause)
    early = "4.0 s too early: at least 4 s must lie between two triggers"
    assert [record.getMessage() for record in caplog.records][1:] == [f"trigger by {cause} refused: {early}"]
    assert caplog.records[0].getMessage().startswith(f"trigger {bench.sent[0].id} by ")


@pytest.mark.parametrize("mode", ["MOTION", "FREEFLOW", "STOPPED", "NO LICENSE"])
def test_another_mode_refuses_triggers(bench: Bench, mode: str) -> None:
    bench.mode = mode
    assert bench.fire() == f"the mode is {mode}; triggers are read in mode TRIGGER"
    assert bench.sent == []


def test_a_trigger_that_did_not_reach_the_engine_makes_the_next_one_not_too_early(bench: Bench) -> None:
    bench.gone = True
    assert bench.fire() == "the engine is not there: no engine is connected"
    bench.gone = False
    assert bench.fire() == ""


def test_a_trigger_that_the_engine_refused_is_refused_with_its_reason_and_the_next_is_not_too_early(bench: Bench) -> None:
    def refuse(trigger: Trigger) -> None:
        bench.sent.append(trigger)
        # The engine's answer comes by another thread, which waits for the lock that `fire` holds while it sends.
        threading.Thread(target=triggers.taken, args=(TriggerTaken(trigger.id, Text("the camera is unplugged")),)).start()

    triggers = Triggers(bench.clock, lambda: "TRIGGER", refuse, lambda: 4.0, lambda name: None, None, lambda at_ns: None)
    for _ in range(2):
        with pytest.raises(TriggerRefused, match=r"^the camera is unplugged$"):
            triggers.fire("socket 10.0.0.5", wait_taken_s=10)
    assert len(bench.sent) == 2


def test_a_trigger_that_nobody_waits_for_and_the_engine_refused_makes_the_next_one_not_too_early(bench: Bench) -> None:
    assert bench.fire() == ""
    bench.triggers.taken(TriggerTaken(bench.sent[0].id, Text("it came 3 s ago")))
    assert bench.fire() == ""


def test_a_silent_engine_is_a_refusal(bench: Bench) -> None:
    with pytest.raises(TriggerRefused, match=r"the engine did not answer in 0\.01 s"):
        bench.triggers.fire("test", wait_taken_s=0.01)


def test_the_passage_of_a_trigger_reaches_who_waits_for_it_also_without_plate(bench: Bench) -> None:
    bench.fire()
    trigger_id = bench.sent[0].id
    assert bench.triggers.wait_passage(trigger_id, 0.01) is None
    bench.triggers.passage(passage("OTHER", trigger_id="another"))
    none = passage("", trigger_id=trigger_id)
    bench.triggers.passage(none)
    assert bench.triggers.wait_passage(trigger_id, 0) == none


def test_hundreds_of_triggers_that_nobody_waits_for_are_forgotten(bench: Bench) -> None:
    for _ in range(300):
        bench.clock.advance(4)
        assert bench.fire() == ""
    assert len(bench.triggers._open) == 64


def test_the_period_goes_on_over_a_restart(bench: Bench) -> None:
    assert bench.fire() == ""
    bench.clock.advance(1)
    assert bench.fire() != ""
    assert bench.kept == [bench.clock.monotonic_ns() - 1_000_000_000]
    bench.restart(bench.kept[-1])
    assert bench.fire() == "3.0 s too early: at least 4 s must lie between two triggers"
    bench.clock.advance(3)
    assert bench.fire() == ""


def test_a_trigger_was_in_vain_once_it_saw_no_plate_and_the_next_may_come(bench: Bench) -> None:
    said = [bench.triggers.was_in_vain()]
    for plate in ("", "HK55EVB"):
        bench.fire()
        said.append(bench.triggers.was_in_vain())
        bench.triggers.passage(passage(plate, trigger_id=bench.sent[-1].id))
        said.append(bench.triggers.was_in_vain())
        bench.clock.advance(4)
        said.append(bench.triggers.was_in_vain())
    assert said == [False, False, False, True, False, False, False]
