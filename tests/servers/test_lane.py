"""The barrier's lane as real processes: service and pins on the simulated chip, whose inputs are the loops."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from board.gpio.sim import set_input
from board.kit.wire import Codec, connect
from board.kit.words import NOTHING
from board.types import PINS_MESSAGES, Pulse
from engine.messages import CameraSaw, Outcome, StartTrigger, TriggerTaken
from engine.settings import LprSettings
from engine.settings.lane import LaneSettings
from engine.store import StoredPassage
from engine.types import Trigger
from tests.service_camera import PATIENCE_S, Camera
from tests.waiting import until


class Lane(Camera):
    def begin(self, **settings: object) -> Lane:
        store = self.store()
        store.settings.put(LaneSettings(**settings), "admin")
        store.close()
        for name in ("pins", "service"):
            self.start(name)
        self.connect_engine()
        self.pins_ready()
        until(self.knows_its_inputs, "the lane's inputs")
        return self

    def knows_its_inputs(self) -> bool:
        """They come after the connection to pins; a car before that is refused for it."""
        lane = self.status().lane
        return lane is None or lane.state.key != "the inputs are not known yet"

    def loop(self, name: str, active: bool) -> None:
        set_input(self.state, name, int(active))
        until(lambda: {line.name: line.active for line in self.status().lines}[name] is active, f"{name} {active}")

    def car(self) -> str:
        """Its id; returns once it is stored."""
        seen = self.report()
        until(lambda: self.found(seen.id), "the passage")
        return seen.id

    def found(self, id: str) -> StoredPassage | None:
        store = self.store()
        try:
            return store.passages.get(id)
        finally:
            store.close()

    def outcome(self, id: str) -> str:
        found = self.found(id)
        assert found is not None
        return found.decision.outcome

    def trigger(self) -> Trigger:
        """The next one that reaches the engine."""
        assert self.engine is not None
        while True:
            message = self.engine.receive(PATIENCE_S)
            assert message is not None
            if isinstance(message, StartTrigger):
                self.engine.send(TriggerTaken(message.trigger.id, NOTHING))
                return message.trigger

    def openings(self) -> int:
        return [level for _, level in self.edges("DO1")].count(1)


@pytest.fixture
def lane(tmp_path: Path) -> Iterator[Lane]:
    made = Lane(tmp_path)
    yield made
    made.stop()


def test_a_vehicle_drives_in_is_let_in_once_and_a_dead_service_changes_nothing(lane: Lane) -> None:
    lane.begin(arming="DI1", safety="DI2")
    first = lane.car()
    assert lane.outcome(first) == "waiting"
    lane.loop("DI1", True)
    until(lambda: lane.openings() == 1, "the opening")
    until(lambda: lane.outcome(first) == "opened", "the decision")
    assert lane.engine is not None
    lane.engine.close()
    lane.kill("service")
    lane.start("service")
    lane.connect_engine()
    lane.pins_ready()
    assert lane.outcome(lane.car()) == "refused"
    lane.loop("DI2", True)
    lane.loop("DI1", False)
    pins = connect(lane.state.pins_socket, Codec(PINS_MESSAGES))
    pins.send(Pulse("over the vehicle", "DO1", 100))
    assert "DI2 is active" in str(pins.receive(20).why)
    pins.close()
    lane.loop("DI2", False)
    until(lambda: lane.status().lane.plate == "", "the end of the passage")
    assert lane.openings() == 1
    until(lambda: str(lane.status().lane.state) == "free", "the free lane")


def test_who_came_by_a_trigger_and_waited_in_vain_is_read_anew_by_another(lane: Lane) -> None:
    store = lane.store()
    store.settings.put(LprSettings(mode="TRIGGER", trigger_period_s=1.0), "admin")
    store.close()
    lane.begin(arming="DI1", safety="DI2")
    lane.loop("DI2", True)
    lane.loop("DI1", True)
    first = lane.trigger()
    nine_s_ago = time.monotonic_ns() - 9_000_000_000
    seen = lane.report(trigger_id=first.id, trigger_cause=first.cause, monotonic_ns=nine_s_ago)
    second = lane.trigger()
    assert (lane.outcome(seen.id), second.id != first.id, second.cause) == ("refused", True, "input DI1")
    lane.loop("DI2", False)
    seen = lane.report(trigger_id=second.id, trigger_cause=second.cause)
    until(lambda: lane.openings() == 1, "the opening")


def test_two_cameras_decide_together(lane: Lane) -> None:
    lane.begin(second_camera="or refuse")
    assert lane.ask(CameraSaw("gw-2")) == Outcome(True)
    first = lane.car()
    assert lane.outcome(first) == "waiting"
    assert lane.ask(CameraSaw("gw-2", "e1", "HK55EVB", 200)) == Outcome(True)
    until(lambda: lane.openings() == 1, "the opening")
    until(lambda: lane.outcome(first) == "opened", "the decision")
