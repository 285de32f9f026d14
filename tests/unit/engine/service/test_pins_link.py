"""Pins link: what pins is told first, and what the link makes of what pins says, over a socket with a stand-in for pins."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from board.kit.clock import Clock
from board.kit.errors import DeliveryError
from board.kit.wire import Channel, Codec, PeerGone, accept, listen
from board.kit.words import NOTHING, Text
from board.types import (
    PINS_MESSAGES,
    Guard,
    InputState,
    LineRules,
    LineWarning,
    OutputPolarity,
    OutputState,
    PinsDone,
    PinsRefused,
    PinsTaken,
    Pulse,
    WatchPins,
    WiegandCode,
    WiegandSent,
)
from engine.service.pins_link import PART, RULES, PinsLink
from tests.samples import NOW

pytestmark = pytest.mark.usefixtures("leak_free")

PATIENCE_S = 20.0


class Pins:
    """A stand-in: keeps what it was asked, says what a test wants said."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "pins.sock"
        self.codec = Codec(PINS_MESSAGES)
        self.socket = listen(self.path)
        self.channel: Channel | None = None

    def connected(self) -> Channel:
        self.channel = accept(self.socket, self.codec)
        return self.channel

    def asked(self) -> Any:
        assert self.channel is not None
        return self.channel.receive(PATIENCE_S)

    def close(self) -> None:
        if self.channel is not None:
            self.channel.close()
        self.socket.close()


class Camera:
    """A link to it, with rules that want DO1 and DO2 interlocked."""

    def __init__(self, pins: Pins) -> None:
        self.frames: queue.SimpleQueue[WiegandSent] = queue.SimpleQueue()
        self.rules: LineRules | None = LineRules(f"{RULES}-1", (("DO1", 60),), (("DI1", 600),), (("DO1", "DO2"),))
        self.link = PinsLink(pins.path, Clock(), lambda edge: None, self.frames.put, lambda: self.rules, lambda: {"DO1": False})


@pytest.fixture
def pins(tmp_path: Path) -> Iterator[Pins]:
    stand_in = Pins(tmp_path)
    yield stand_in
    stand_in.close()


@pytest.fixture
def camera(pins: Pins) -> Iterator[Camera]:
    made = Camera(pins)
    made.link.start()
    yield made
    made.link.close()


def settled(channel: Channel, camera: Camera) -> None:
    """Everything said before has been taken: a frame comes out at the other end."""
    channel.send(WiegandSent("W1", WiegandCode(26, 1), NOW, 1.0, True))
    camera.frames.get(timeout=PATIENCE_S)


def test_a_new_connection_begins_with_the_rules_then_the_polarities(pins: Pins, camera: Camera) -> None:
    pins.connected()
    asked = [pins.asked() for _ in range(3)]
    assert [type(message) for message in asked] == [WatchPins, LineRules, OutputPolarity]
    assert asked[1] == camera.rules
    assert (asked[2].output, asked[2].active_high) == ("DO1", False)


def test_it_says_when_every_line_of_the_board_is_known(pins: Pins) -> None:
    camera, known = Camera(pins), queue.SimpleQueue[list[str]]()
    camera.link = PinsLink(
        pins.path, Clock(), lambda edge: None, camera.frames.put, lambda: None, lambda: {},
        on_all_told=lambda: known.put([line.name for line in camera.link.lines()]),
    )  # fmt: skip
    camera.link.start()
    for _ in range(2):
        channel = pins.connected()
        asked = pins.asked()
        channel.send(InputState("DI1", True))
        channel.send(PinsDone("another", 1))
        channel.send(OutputState("DO1", False, 1))
        channel.send(PinsDone(asked.id, 1))
        assert known.get(timeout=PATIENCE_S) == ["DI1", "DO1"]
        assert known.empty()
        channel.close()
    camera.link.close()


def test_without_an_open_store_pins_keeps_the_rules_it_has(pins: Pins) -> None:
    camera = Camera(pins)
    camera.rules = None
    camera.link.start()
    pins.connected()
    assert [type(pins.asked()) for _ in range(3)] == [WatchPins, OutputPolarity, OutputPolarity]
    camera.link.close()


def test_a_store_that_opens_while_pins_is_told_is_told_of_once_more(pins: Pins) -> None:
    camera = Camera(pins)
    rules, camera.rules = camera.rules, None
    asked = iter([None, rules])
    camera.link = PinsLink(pins.path, Clock(), lambda edge: None, camera.frames.put, lambda: next(asked), lambda: {"DO1": False})
    camera.link.start()
    pins.connected()
    told = [pins.asked() for _ in range(4)]
    assert [type(each) for each in told] == [WatchPins, OutputPolarity, LineRules, OutputPolarity]
    camera.link.close()


def test_a_link_that_closes_warns_of_nothing(pins: Pins, camera: Camera, caplog: pytest.LogCaptureFixture) -> None:
    settled(pins.connected(), camera)
    camera.link.close()
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == []


def test_a_warning_stands_until_it_is_taken_back_or_pins_goes(pins: Pins, camera: Camera) -> None:
    channel = pins.connected()
    channel.send(LineWarning("DI1", Text("DI1 is stuck"), 5))
    channel.send(LineWarning("DO1", Text("DO1 was cut"), 5))
    settled(channel, camera)
    assert tuple(map(str, camera.link.warnings())) == ("DI1 is stuck", "DO1 was cut")
    channel.send(LineWarning("DI1", NOTHING, 6))
    settled(channel, camera)
    assert tuple(map(str, camera.link.warnings())) == ("DO1 was cut",)
    channel.close()
    channel = pins.connected()
    settled(channel, camera)
    assert tuple(map(str, camera.link.warnings())) == ()


def test_a_line_that_the_board_has_lost_costs_no_other_its_rules(pins: Pins, camera: Camera) -> None:
    guard = Guard("DI2", "DO1")
    camera.rules = LineRules(
        f"{RULES}-1", (("DO1", 60), ("DO9", 5)), (("DI9", 5),), (("DO1", "DO2", "DO9"), ("DO1", "DO9")), (guard,)
    )
    channel = pins.connected()
    for message in (OutputState("DO1", False, 1), OutputState("DO2", False, 1), InputState("DI1", False), InputState("DI2", False)):
        channel.send(message)
    channel.send(PinsRefused(f"{RULES}-1", Text("there is no output 'DO9'")))
    part = next(each for each in iter(pins.asked, None) if isinstance(each, LineRules) and each.id.startswith(PART))
    assert part == LineRules(part.id, (("DO1", 60),), (), (("DO1", "DO2"),), (guard,))
    channel.send(PinsDone(part.id, 1))
    settled(channel, camera)
    assert "are not in force: there is no output 'DO9'" in str(camera.link.warnings()[0])


def test_rules_that_pins_refuses_are_a_warning_until_it_takes_some(pins: Pins, camera: Camera) -> None:
    channel = pins.connected()
    channel.send(PinsRefused(f"{RULES}-1", Text("there is no output 'DO2'")))
    settled(channel, camera)
    assert tuple(map(str, camera.link.warnings())) == (
        "Outputs and inputs of the general configuration are not in force: there is no output 'DO2'",
    )
    channel.send(PinsDone(f"{RULES}-2", 7))
    settled(channel, camera)
    assert tuple(map(str, camera.link.warnings())) == ()


def test_pushed_rules_that_are_refused_leave_the_polarities_to_be_pushed(pins: Pins, camera: Camera) -> None:
    channel = pins.connected()
    for _ in range(3):
        pins.asked()
    channel.send(InputState("DI1", False))
    settled(channel, camera)
    pushing = threading.Thread(target=camera.link.push_rules)
    pushing.start()
    channel.send(PinsRefused(pins.asked().id, Text("no")))
    polarity = pins.asked()
    channel.send(PinsDone(polarity.id, 7))
    pushing.join(PATIENCE_S)
    assert isinstance(polarity, OutputPolarity)
    assert not pushing.is_alive()


def test_a_polarity_that_pins_refuses_keeps_no_other_from_being_pushed(pins: Pins) -> None:
    camera = Camera(pins)
    outputs = {"DO9": True, "DO1": False}
    camera.link = PinsLink(pins.path, Clock(), lambda edge: None, camera.frames.put, lambda: camera.rules, lambda: outputs)
    camera.link.start()
    channel = pins.connected()
    for _ in range(4):
        pins.asked()
    settled(channel, camera)
    said: list[str] = []

    def push() -> None:
        try:
            camera.link.push_polarities()
        except DeliveryError as why:
            said.append(str(why))

    pushing = threading.Thread(target=push)
    pushing.start()
    channel.send(PinsRefused(pins.asked().id, Text("there is no output 'DO9'")))
    polarity = pins.asked()
    assert (polarity.output, polarity.active_high) == ("DO1", False)
    channel.send(PinsDone(polarity.id, 7))
    pushing.join(PATIENCE_S)
    assert said == ["there is no output 'DO9'"]
    camera.link.close()


def test_a_bad_frame_is_handed_on(pins: Pins, camera: Camera) -> None:
    bad = WiegandSent("W1", WiegandCode(26, 1), NOW, 99.0, False)
    pins.connected().send(bad)
    assert camera.frames.get(timeout=PATIENCE_S) == bad


def test_the_stand_in_notices_a_link_that_closes(pins: Pins) -> None:
    camera = Camera(pins)
    camera.link.start()
    pins.connected()
    for _ in range(3):
        pins.asked()
    camera.link.close()
    with pytest.raises(PeerGone):
        pins.asked()


# --- requests that are answered twice -----------------------------------------------------------------------------------


def begun(pins: Pins, camera: Camera) -> Channel:
    """A connection whose first requests are over."""
    channel = pins.connected()
    for _ in range(3):
        pins.asked()
    channel.send(InputState("DI1", False))
    settled(channel, camera)
    return channel


def asked_for(camera: Camera, pins: Pins, channel: Channel, *, delay_ms: int = 5000, id: str = "d1") -> PinsDone | PinsTaken:
    """What `request` gives for a delayed pulse that pins takes."""
    answers: queue.SimpleQueue[PinsDone | PinsTaken] = queue.SimpleQueue()
    asking = threading.Thread(
        target=lambda: answers.put(camera.link.request(Pulse(id, "DO1", 500, delay_ms), PATIENCE_S)), daemon=True
    )
    asking.start()
    assert pins.asked() == Pulse(id, "DO1", 500, delay_ms)
    channel.send(PinsTaken(id))
    return answers.get(timeout=PATIENCE_S)


def test_a_request_that_is_taken_does_not_hold_its_thread_and_its_end_is_told_later(pins: Pins, camera: Camera) -> None:
    channel = begun(pins, camera)
    ends: queue.SimpleQueue[PinsDone | DeliveryError] = queue.SimpleQueue()
    assert asked_for(camera, pins, channel) == PinsTaken("d1")
    camera.link.settle("d1", ends.put)
    assert ends.empty()
    channel.send(PinsDone("d1", 7, Text("ok")))
    assert ends.get(timeout=PATIENCE_S) == PinsDone("d1", 7, Text("ok"))


def test_an_end_that_came_before_anybody_asked_for_it_is_not_lost(pins: Pins, camera: Camera) -> None:
    channel = begun(pins, camera)
    asked_for(camera, pins, channel)
    channel.send(PinsDone("d1", 7, Text("ok")))
    settled(channel, camera)
    ends: list[PinsDone | DeliveryError] = []
    camera.link.settle("d1", ends.append)
    assert ends == [PinsDone("d1", 7, Text("ok"))]


def test_a_refusal_when_it_is_due_is_an_error_with_the_reason_of_pins(pins: Pins, camera: Camera) -> None:
    channel = begun(pins, camera)
    ends: queue.SimpleQueue[PinsDone | DeliveryError] = queue.SimpleQueue()
    asked_for(camera, pins, channel)
    camera.link.settle("d1", ends.put)
    channel.send(PinsRefused("d1", Text("DO1 stays off: it is interlocked with DO2, which is on")))
    end = ends.get(timeout=PATIENCE_S)
    assert isinstance(end, DeliveryError)
    assert str(end) == "DO1 stays off: it is interlocked with DO2, which is on"


def test_what_was_taken_by_a_pins_that_goes_away_ends_with_an_error_and_never_as_done(pins: Pins, camera: Camera) -> None:
    channel = begun(pins, camera)
    ends: queue.SimpleQueue[PinsDone | DeliveryError] = queue.SimpleQueue()
    asked_for(camera, pins, channel)
    camera.link.settle("d1", ends.put)
    channel.close()
    end = ends.get(timeout=PATIENCE_S)
    assert isinstance(end, DeliveryError)
    assert str(end) == "the pins process went away before it answered"


def test_what_a_hung_pins_has_taken_ends_with_an_error_once_it_is_overdue(pins: Pins, camera: Camera) -> None:
    channel = begun(pins, camera)
    ends: queue.SimpleQueue[PinsDone | DeliveryError] = queue.SimpleQueue()
    asked_for(camera, pins, channel, delay_ms=1)
    camera.link.settle("d1", ends.put)
    end = ends.get(timeout=PATIENCE_S)
    assert isinstance(end, DeliveryError)
    assert str(end) == "the pins process took the request, but did not say that it was carried out"


def test_nobody_waits_for_the_end_of_what_was_never_taken(pins: Pins, camera: Camera) -> None:
    begun(pins, camera)
    ends: list[PinsDone | DeliveryError] = []
    camera.link.settle("unknown", ends.append)
    assert [str(end) for end in ends] == ["the pins process went away before it answered"]


def test_what_is_done_stays_done_though_pins_goes_away_before_anybody_asks(pins: Pins, camera: Camera) -> None:
    channel = begun(pins, camera)
    asked_for(camera, pins, channel)
    channel.send(PinsDone("d1", 7, Text("ok")))
    settled(channel, camera)
    channel.close()
    begun(pins, camera)
    ends: list[PinsDone | DeliveryError] = []
    camera.link.settle("d1", ends.append)
    assert ends == [PinsDone("d1", 7, Text("ok"))]


def test_of_ends_that_nobody_asks_for_the_newest_are_kept(pins: Pins, camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.service.pins_link.KNOWN_ENDS", 2)
    channel = begun(pins, camera)
    for number in range(4):
        asked_for(camera, pins, channel, id=f"d{number}")
        channel.send(PinsDone(f"d{number}", number))
        settled(channel, camera)
    asked_for(camera, pins, channel, id="d4")
    ends: list[object] = []
    for number in range(4):
        camera.link.settle(f"d{number}", lambda end: ends.append(end if isinstance(end, PinsDone) else str(end)))
    away = "the pins process went away before it answered"
    assert ends == [away, away, PinsDone("d2", 2), PinsDone("d3", 3)]
