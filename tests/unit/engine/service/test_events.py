"""Events: what is stored of what happens, and that nobody who says so waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest

from board.kit.clock import TestClock
from board.kit.errors import StoreError
from board.kit.words import Text
from engine.service.events import MOST_WAITING, Events, Happening
from engine.types import Start
from tests.samples import NOW, rule
from tests.waiting import until


class Stored:
    def __init__(self) -> None:
        self.clock = TestClock()
        self.taken: list[tuple[str, str, str, str]] = []
        self.reported: list[str] = []
        self.errors: list[Exception] = []
        self.go = threading.Event()
        self.go.set()
        self.events = Events(self.clock, self.take, lambda text: self.reported.append(str(text)))

    def take(self, happening: Happening) -> None:
        passage, happened = happening.passage, happening.happened
        self.go.wait(5)
        if self.errors:
            raise self.errors.pop(0)
        assert passage.at == NOW or self.clock.now() > NOW
        self.taken.append((passage.what, passage.plate, passage.trigger_cause, str(happened)))


@pytest.fixture
def stored() -> Iterator[Stored]:
    made = Stored()
    yield made
    made.go.set()
    made.events.close()


def test_an_event_of_the_lane_is_stored_whether_a_rule_starts_on_it_or_not(stored: Stored) -> None:
    stored.events.happened("tail_gate", lane=1)
    stored.events.happened("held_open", seconds=30.0)
    stored.events.happened("list_mismatch", plate="AB12", other="CD34", camera="Gate south")
    until(lambda: len(stored.taken) == 3, "three events")
    assert stored.taken == [
        ("tail_gate", "", "", "a second vehicle passed on one opening"),
        ("held_open", "", "", "the barrier has been open for 30 s"),
        ("list_mismatch", "AB12", "", "AB12 here and CD34 at Gate south are not on the same list"),
    ]


def test_an_input_is_stored_only_when_a_rule_starts_on_its_edge(stored: Stored) -> None:
    press = replace(rule(kind="syslog"), start=Start("input", "DI1"))
    stored.events.input("DI1", True)
    stored.events.use([press, replace(press, enabled=False, start=Start("input", "DI2"))])
    for line, active in (("DI1", True), ("DI1", False), ("DI2", True), ("DI1", True)):
        stored.events.input(line, active)
    stored.clock.advance(0.6)
    stored.events.input("DI1", True)
    until(lambda: len(stored.taken) == 2, "two of the edges")
    assert stored.taken == [("input", "", "input DI1 active", "DI1 became active")] * 2


@pytest.mark.parametrize("first", [True, False])
def test_an_input_that_changes_again_within_half_a_second_is_told_as_it_stays(
    stored: Stored, first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lorry with its trailer on a loop: what one edge switches on goes off when it has gone, and not while it stands there."""
    timers: list[tuple[float, partial[None]]] = []

    class Held:
        daemon = False

        def __init__(self, after_s: float, then: Callable[[str], None], given: tuple[str]) -> None:
            timers.append((after_s, partial(then, *given)))

        def start(self) -> None:
            pass

        cancel = start

    monkeypatch.setattr("engine.service.events.Timer", Held)
    on = replace(rule(kind="syslog"), start=Start("input", "DI1"))
    stored.events.use([on, replace(on, start=Start("input", "DI1", active=False))])

    def changes(*after_s: float) -> None:
        for number, seconds in enumerate(after_s):
            stored.clock.advance(seconds)
            stored.events.input("DI1", first if number % 2 == 0 else not first)

    def told(*levels: bool) -> None:
        said = ["DI1 became active" if each else "DI1 became inactive" for each in levels]
        until(lambda: len(stored.taken) >= len(said), "the events")
        assert [each[3] for each in stored.taken] == said

    changes(1, 2, 0.2, 0.25)
    told(first, not first, first)
    ((after_s, look_again),) = timers
    assert after_s == pytest.approx(0.05)
    stored.clock.advance(after_s)
    look_again()
    told(first, not first, first, not first)
    timers.clear()
    changes(5, 0.1, 0.1, 0.1)  # it chatters, and stays as it was told
    ((after_s, look_again),) = timers
    stored.clock.advance(after_s)
    look_again()
    told(first, not first, first, not first, first, not first)


def test_who_says_so_does_not_wait_for_the_store_and_what_waits_is_bounded(stored: Stored) -> None:
    stored.go.clear()
    for _ in range(3 * MOST_WAITING):
        stored.events.happened("tail_gate")
    stored.go.set()
    stored.events.close()
    assert MOST_WAITING <= len(stored.taken) <= MOST_WAITING + 1


def test_the_event_behind_waits_for_no_storage_that_stalls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.service.events.PATIENCE_S", 0.01)
    begun: list[str] = []
    goes_on = threading.Event()

    def take(happening: Happening) -> None:
        begun.append(happening.passage.plate)
        assert goes_on.wait(60)

    events = Events(TestClock(), take, print)
    for plate in ("AB12", "CD34", "EF56"):
        events.happened("passback", plate=plate, why=Text("it is inside"))
    until(lambda: begun == ["AB12", "CD34", "EF56"], "all of them")
    goes_on.set()
    events.close()


def test_an_event_that_cannot_be_stored_is_reported_and_the_next_one_is(stored: Stored) -> None:
    stored.errors = [StoreError("the disk is full"), ValueError("ours")]
    for _ in range(3):
        stored.events.happened("barrier_still", seconds=5.0)
    until(lambda: stored.taken, "the third event")
    assert stored.reported == ["Barrier did not move not stored: the disk is full"]
    assert len(stored.taken) == 1


def test_where_the_camera_can_start_no_thread_events_are_stored_all_the_same(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That one and all that followed were lost."""
    real = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name == "event":
            raise RuntimeError("can't start new thread")
        real(thread)

    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", start)
        stored.events.happened("held_open", seconds=30.0)
        until(lambda: len(stored.taken) == 1, "the first event")
    stored.events.happened("tail_gate", lane=1)
    until(lambda: len(stored.taken) == 2, "the next one")
