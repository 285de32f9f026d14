"""IO action: the request that pins gets."""

from __future__ import annotations

import pytest

from board.kit.settings import problems
from board.kit.words import Text
from board.types import Level, Pattern, Pulse
from engine.actions import Taken
from engine.actions.io import ACTION, IoOptions
from tests.samples import NOW_NS, FakePins, env, event
from tests.samples import pins_peer as peer  # noqa: F401 (for the contract test)

DEADLINE_NS = NOW_NS + 10_000_000_000


@pytest.mark.parametrize(
    ("options", "request_", "note"),
    [
        (IoOptions(), Pulse("d1", "DO1", 500, 0, DEADLINE_NS), "DO1 pulsed 500 ms"),
        (
            IoOptions(output="DO2", duration_ms=10, delay_ms=2000),
            Pulse("d1", "DO2", 10, 2000, DEADLINE_NS + 2_000_000_000),
            "DO2 pulsed 10 ms after 2000 ms",
        ),
        (
            IoOptions(do="pattern", on_ms=300, off_ms=200, repeat=4, delay_ms=100),
            Pattern("d1", "DO1", 300, 200, 4, 100, DEADLINE_NS + 100_000_000),
            "DO1 switched on and off, 300 and 200 ms, 4 times after 100 ms",
        ),
        (IoOptions(do="on"), Level("d1", "DO1", True, 0, DEADLINE_NS), "DO1 switched on"),
        (IoOptions(do="off"), Level("d1", "DO1", False, 0, DEADLINE_NS), "DO1 switched off"),
    ],
)
def test_an_io_action_asks_pins_for_a_pulse_or_a_level(options: IoOptions, request_: object, note: str) -> None:
    pins = FakePins()
    assert str(ACTION.deliver(event(), options, env(pins))) == note
    assert pins.requests == [request_]


def test_what_pins_noted_stands_in_the_audit() -> None:
    pins = FakePins()
    pins.note = Text("began before: not repeated")
    assert str(ACTION.deliver(event(), IoOptions(), env(pins))) == "DO1 pulsed 500 ms (began before: not repeated)"


def test_a_pattern_that_never_ends_is_refused() -> None:
    found = problems(IoOptions, {"do": "pattern", "on_ms": 60_000, "off_ms": 60_000, "repeat": 6})
    assert [str(problem) for problem in found] == ["Pattern repeat: the whole pattern may last at most 600 s"]
    assert problems(IoOptions, {"do": "pattern", "on_ms": 60_000, "off_ms": 60_000, "repeat": 5}) == ()


def test_the_polarity_is_a_property_of_the_output() -> None:
    assert ACTION.polarity(IoOptions()) == {"DO1": True}
    assert ACTION.polarity(IoOptions(output="DO2", polarity="active low")) == {"DO2": False}


def test_a_delayed_pulse_is_taken_and_its_end_told_later() -> None:
    pins = FakePins()
    pins.takes = True
    said = ACTION.deliver(event(), IoOptions(delay_ms=5000), env(pins))
    assert isinstance(said, Taken)
    assert str(said.note) == "DO1 pulsed 500 ms after 5000 ms"


def test_an_action_that_only_switches_off_opens_no_gate() -> None:
    assert [ACTION.gate_output(IoOptions(do=do, output="DO2")) for do in ("pulse", "pattern", "on", "off")] == ["DO2"] * 3 + [""]
