"""Who stands there and was not let in is read anew once he would be, and how often: what was to open did not, or a list lets him in
by now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from board.kit.errors import WireError
from engine.dispatch.rules import delivery_id
from engine.lane.handover import Handover
from engine.messages import ReadAgain
from engine.service.lane import LaneKeeper
from engine.service.remembered import Remembered
from engine.service.standing import NEWEST, Standing
from engine.types import Start
from tests.dispatch_camera import KINDS, Camera
from tests.samples import BLACK, WHITE, entry, passage, rule


class Engine:
    """It hears what it is to read anew. `begun`: deliveries that pins began though nobody wrote it down."""

    def __init__(self, camera: Camera) -> None:
        self.heard: list[ReadAgain] = []
        self.away = False
        self.begun: set[str] = set()
        kept = Remembered(camera.folder / "lane.json", Handover)
        self.lane = LaneKeeper(camera.clock, kept, lambda name, **values: None, lambda: None, print, self._hear)
        self.standing = Standing(camera.clock, KINDS, self._hear, lambda names: bool(self.begun & set(names)), self.lane)

    def _hear(self, message: ReadAgain) -> None:
        if self.away:
            raise WireError("no engine is connected")
        self.heard.append(message)

    def look(self, camera: Camera) -> list[ReadAgain]:
        """What it hears now."""
        self.heard.clear()
        for _ in range(2):
            self.standing.turn(camera.store)
        return self.heard


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Camera]:
    made = Camera(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def camera(empty: Camera) -> Camera:
    empty.store.entries.save(entry("HK55EVB"), "admin")
    empty.store.rules.save(rule(duration_ms=500), "admin")
    return empty


def arrive(camera: Camera, name: str, opens: bool, plate: str = "HK55EVB") -> None:
    camera.intake.take(passage(plate, id=name, at=camera.clock.now(), monotonic_ns=camera.clock.monotonic_ns()))
    if not opens:
        camera.clock.advance(10)
    while camera.turn():
        pass


def test_an_engine_is_told_once_of_each_car_that_was_to_be_let_in_and_was_not(camera: Camera) -> None:
    engine = Engine(camera)
    camera.store.entries.save(entry("OTHER7"), "admin")
    arrive(camera, "shut", opens=False)
    arrive(camera, "open", opens=True, plate="OTHER7")
    camera.intake.take(passage("STRANGER", id="stranger", at=camera.clock.now(), monotonic_ns=camera.clock.monotonic_ns()))
    for _ in range(2):
        engine.standing.turn(camera.store)
    assert engine.heard == [ReadAgain("shut", "HK55EVB")]
    engine.standing.engine_gone()
    engine.standing.turn(camera.store)
    assert engine.heard == [ReadAgain("shut", "HK55EVB")] * 2, "the next engine is told too"


def test_of_several_that_have_waited_long_one_after_the_other_is_told_once_the_lane_is_free(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine reads a car anew three times: the second one used its last time while the first one had the lane."""
    engine, taken = Engine(camera), [True]
    monkeypatch.setattr(engine.lane, "keeps_waiting", lambda plate: taken[0])
    plates = ("HK55EVB", "OTHER7")
    camera.store.entries.save(entry("OTHER7"), "admin")
    for time in range(3):
        for plate in plates:
            arrive(camera, f"{plate} {time}", opens=False, plate=plate)
        engine.standing.turn(camera.store)
    assert len(engine.heard) == 4, "twice at once"
    taken[0] = False
    for _ in range(2):
        engine.standing.turn(camera.store)
        camera.clock.advance(1)
    assert engine.heard[4:] == [ReadAgain("HK55EVB 2", "HK55EVB")]
    taken[0] = True
    camera.clock.advance(10)
    engine.standing.turn(camera.store)
    assert len(engine.heard) == 5
    taken[0] = False
    engine.standing.turn(camera.store)
    assert engine.heard[5:] == [ReadAgain("OTHER7 2", "OTHER7")]


def test_a_service_that_begins_anew_does_not_use_up_the_last_time_while_the_lane_is_taken(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knew nothing of the times before: the car stood before a closed barrier for good once the lane was free."""
    heard = []
    for time in range(4):
        engine = Engine(camera)
        monkeypatch.setattr(engine.lane, "keeps_waiting", lambda plate: True)
        arrive(camera, f"read {time}", opens=False)
        engine.standing.turn(camera.store)
        heard += engine.heard
    assert heard == [ReadAgain("read 0", "HK55EVB"), ReadAgain("read 1", "HK55EVB")]
    monkeypatch.setattr(engine.lane, "keeps_waiting", lambda plate: False)
    assert engine.look(camera) == [ReadAgain("read 3", "HK55EVB")]


@pytest.mark.parametrize("is_lamp", [True, False])
def test_a_car_for_which_a_lamp_went_on_but_no_gate_opened_is_told(camera: Camera, is_lamp: bool) -> None:
    camera.store.rules.save(rule(name="DO2", output="DO2", even_if_blacklisted=is_lamp), "admin")  # else it may be another gate
    pins = camera.pins
    pins.before_answer = lambda: pins.errors.extend(["DO1 is interlocked"] * (pins.requests[-1].output == "DO1"))
    engine = Engine(camera)
    camera.intake.take(passage(id="p1", at=camera.clock.now(), monotonic_ns=camera.clock.monotonic_ns()))
    for _ in range(12):
        while camera.turn():
            pass
        camera.clock.advance(1)
    assert sorted(state for state, _, _ in camera.states()) == ["done", "expired"]
    engine.standing.turn(camera.store)
    assert engine.heard == ([ReadAgain("p1", "HK55EVB")] if is_lamp else [])


def test_rules_are_looked_at_once_however_many_cars_one_of_two_gates_stayed_shut_for(camera: Camera) -> None:
    """Each second: of 20 cars it was 20 times all rules and lists, in the process that opens the gate."""
    camera.store.rules.save(rule(name="DO2", output="DO2"), "admin")
    pins, asked = camera.pins, []
    pins.before_answer = lambda: pins.errors.extend(["DO1 is interlocked"] * (pins.requests[-1].output == "DO1"))
    camera.store.entries.save(entry("OTHER7"), "admin")
    for plate in ("HK55EVB", "OTHER7"):
        camera.intake.take(passage(plate, id=plate, at=camera.clock.now(), monotonic_ns=camera.clock.monotonic_ns()))
    for _ in range(12):
        while camera.turn():
            pass
        camera.clock.advance(1)
    assert sorted(state for state, _, _ in camera.states()) == ["done", "done", "expired", "expired"]
    assert camera.store.deliveries.unopened(["io"], NEWEST, lambda: asked.append(1) or {1, 2}, lambda one, newer: True) == []
    assert len(asked) == 1


def test_a_car_that_was_let_in_for_not_being_on_a_list_that_opens_nothing_is_not_told(camera: Camera) -> None:
    """It was read anew where the plate's own action, for another gate, failed: the gate opened a second time."""
    camera.store.rules.save(replace(rule(BLACK, name="Anybody", output="DO2"), start=Start("no_match", opens=True)), "admin")
    pins = camera.pins
    pins.before_answer = lambda: pins.errors.extend(["DO1 is interlocked"] * (pins.requests[-1].output == "DO1"))
    engine = Engine(camera)
    camera.intake.take(passage(id="p1", at=camera.clock.now(), monotonic_ns=camera.clock.monotonic_ns()))
    for _ in range(12):
        while camera.turn():
            pass
        camera.clock.advance(1)
    assert sorted(state for state, _, _ in camera.states()) == ["done", "expired"]
    engine.standing.turn(camera.store)
    assert engine.heard == []


def test_what_is_still_on_its_way_to_the_gate_is_not_told(camera: Camera) -> None:
    engine = Engine(camera)
    camera.intake.take(passage(id="p1", at=camera.clock.now(), monotonic_ns=camera.clock.monotonic_ns()))
    engine.standing.turn(camera.store)
    camera.claim()
    engine.standing.turn(camera.store)
    assert engine.heard == []


def test_an_engine_that_is_away_is_told_when_it_is_back(camera: Camera) -> None:
    engine = Engine(camera)
    arrive(camera, "shut", opens=False)
    engine.away = True
    engine.standing.turn(camera.store)
    engine.away = False
    engine.standing.turn(camera.store)
    assert engine.heard == [ReadAgain("shut", "HK55EVB")]


def test_a_car_for_which_pins_had_begun_though_nobody_wrote_it_down_is_not_told(camera: Camera) -> None:
    engine = Engine(camera)
    arrive(camera, "shut", opens=False)
    engine.begun = {delivery_id("shut", 1)}
    engine.standing.turn(camera.store)
    assert engine.heard == []


def test_a_car_of_long_ago_is_not_told(camera: Camera) -> None:
    engine = Engine(camera)
    arrive(camera, "shut", opens=False)
    for number in range(NEWEST):
        arrive(camera, f"later {number}", opens=True, plate="OTHER7")
    engine.standing.turn(camera.store)
    assert engine.heard == []


def test_a_car_whose_passage_came_too_late_is_told_too(camera: Camera) -> None:
    engine = Engine(camera)
    late = passage(id="late", at=camera.clock.now(), monotonic_ns=camera.clock.monotonic_ns())
    camera.clock.advance(11)
    camera.intake.take(late)
    engine.standing.turn(camera.store)
    assert engine.heard == [ReadAgain("late", "HK55EVB")]


@pytest.mark.parametrize("again", ["HK55EVB", "HK-55 EVB", "HK55EV8"])
def test_a_car_that_was_read_once_more_and_let_in_is_not_told_to_the_next_engine(camera: Camera, again: str) -> None:
    camera.store.lists.save(replace(camera.store.lists.get(WHITE), fuzzy=True), "admin")
    engine = Engine(camera)
    arrive(camera, "shut", opens=False)
    engine.standing.turn(camera.store)
    assert engine.heard == [ReadAgain("shut", "HK55EVB")]
    arrive(camera, "open", opens=True, plate=again)
    engine.standing.engine_gone()
    engine.standing.turn(camera.store)
    assert engine.heard == [ReadAgain("shut", "HK55EVB")]


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_car_is_told_though_another_that_looks_alike_came_since_or_it_was_misread_since(camera: Camera, is_listed: bool) -> None:
    """Of two cars of a firm the first one stood before a closed barrier for good; so did one that was read with one wrong character
    once more."""
    if is_listed:
        camera.store.entries.save(entry("HK55EV8"), "admin")
    engine = Engine(camera)
    arrive(camera, "shut", opens=False)
    arrive(camera, "newer", opens=False, plate="HK55EV8")
    told = {each.passage_id for each in engine.look(camera)}
    assert told == ({"shut", "newer"} if is_listed else {"shut"})


def test_a_car_that_was_read_once_more_in_vain_is_told_by_its_newer_passage_alone(camera: Camera) -> None:
    engine = Engine(camera)
    arrive(camera, "shut", opens=False)
    arrive(camera, "shut again", opens=False)
    engine.standing.turn(camera.store)
    assert engine.heard == [ReadAgain("shut again", "HK55EVB")]


@pytest.mark.parametrize("before", [datetime(1970, 1, 1, 0, 1, tzinfo=UTC), datetime(2026, 1, 1, 23, 0, tzinfo=UTC)])
def test_cars_that_a_wrong_clock_kept_out_are_read_anew_once_it_is_set(camera: Camera, before: datetime) -> None:
    right = camera.clock.now()
    camera.clock._now = before
    engine = Engine(camera)
    camera.store.entries.save(entry("GUEST1", valid_from=right - timedelta(minutes=5)), "admin")
    arrive(camera, "long ago", opens=True, plate="GONE22")
    camera.clock.advance(600)
    arrive(camera, "guest", opens=True, plate="GUEST1")
    arrive(camera, "always", opens=True)
    engine.standing.turn(camera.store)
    camera.clock._now += timedelta(seconds=30)
    engine.standing.turn(camera.store)
    assert engine.heard == []
    engine.away, camera.clock._now = True, right
    for _ in range(2):
        engine.standing.turn(camera.store)
        camera.clock.advance(1)
        engine.away = False
    engine.standing.turn(camera.store)
    assert engine.heard == [ReadAgain("guest", "GUEST1")]


# --- a list lets him in by now ----------------------------------------------------------------------------------------


def come(camera: Camera, name: str, plate: str = "HK55EVB", what: str = "") -> None:
    event = {"event": what} if what else {}
    one = passage("" if what else plate, id=name, at=camera.clock.now(), monotonic_ns=camera.clock.monotonic_ns(), **event)
    camera.intake.take(one)
    while camera.turn():
        pass


def test_whoever_is_put_on_a_list_while_he_stands_there_is_read_anew_once(empty: Camera) -> None:
    engine = Engine(empty)
    empty.store.rules.save(rule(duration_ms=500), "admin")
    come(empty, "stranger")
    assert engine.look(empty) == []
    empty.store.entries.save(entry("HK55EVB"), "admin")
    assert engine.look(empty) == [ReadAgain("stranger", "HK55EVB")]
    engine.standing.engine_gone()
    assert engine.look(empty) == [ReadAgain("stranger", "HK55EVB")], "the next engine is told too"
    come(empty, "again")
    assert engine.look(empty) == []


def test_so_is_one_whose_list_comes_together_with_its_action(empty: Camera) -> None:
    engine = Engine(empty)
    come(empty, "stranger")
    empty.store.entries.save(entry("HK55EVB"), "admin")
    assert engine.look(empty) == []
    empty.store.rules.save(rule(duration_ms=500), "admin")
    engine.away = True
    assert engine.look(empty) == []
    engine.away = False
    assert engine.look(empty) == [ReadAgain("stranger", "HK55EVB")]


def test_so_is_one_who_is_taken_off_a_blacklist(empty: Camera) -> None:
    engine = Engine(empty)
    empty.store.rules.save(rule(duration_ms=500), "admin")
    empty.store.entries.save(entry("HK55EVB"), "admin")
    refused = empty.store.entries.save(entry("HK55EVB", BLACK), "admin")
    come(empty, "refused")
    assert engine.look(empty) == []
    empty.store.entries.delete(refused.id, "admin")
    assert engine.look(empty) == [ReadAgain("refused", "HK55EVB")]


def test_so_is_one_whose_time_begins(empty: Camera) -> None:
    engine = Engine(empty)
    empty.store.rules.save(rule(duration_ms=500), "admin")
    empty.store.entries.save(replace(entry("HK55EVB"), valid_from=empty.clock.now() + timedelta(seconds=15)), "admin")
    come(empty, "early")
    assert engine.look(empty) == []
    empty.clock.advance(16)
    assert engine.look(empty) == [ReadAgain("early", "HK55EVB")]


def test_nobody_is_read_anew_who_was_let_in_or_came_long_ago_or_before_an_opening_by_hand(empty: Camera) -> None:
    engine = Engine(empty)
    empty.store.rules.save(rule(duration_ms=500), "admin")
    empty.store.entries.save(entry("OTHER7"), "admin")
    come(empty, "by hand", "BYHAND1")
    come(empty, "hand", what="by_hand")
    come(empty, "in", "OTHER7")
    come(empty, "long ago", "LONGAGO")
    empty.clock.advance(601)
    for plate in ("BYHAND1", "LONGAGO"):
        empty.store.entries.save(entry(plate), "admin")
    empty.store.rules.save(rule(duration_ms=700, name="other"), "admin")
    assert engine.look(empty) == []
