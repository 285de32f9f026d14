"""Devices pulled while real processes use them: state and message reach the portal, the next car is served after their return."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from board.devices import DeviceState
from board.i2c import _twins
from board.serial import _twin
from engine.messages import RulesChanged, StartTrigger, TestAction
from engine.settings import LprSettings
from tests.samples import WHITE, entry, rule
from tests.servers.test_service import Camera, answer_of
from tests.waiting import until

LINES = {
    "i2c": ["sim://1/0x20?kind=pcf8574"],
    "outputs": [{"name": "DO3", "expander": 0, "pin": 0, "active_high": False}],
    "inputs": [{"name": "DI3", "expander": 0, "pin": 4}],
}
DISPLAY = {"line": "sim://gate", "protocol": "plain", "text": "WELCOME {plate}", "lines": 1, "clear_after_s": 0}


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    made = Camera(tmp_path)
    made.state.lines_file.write_text(json.dumps(LINES))
    _twins.plug(made.state, 1, 0x20, "pcf8574")
    yield made
    if made.engine is not None:
        made.engine.close()
    for process in made.processes.values():
        process.terminate()
        process.wait(20)


def device(camera: Camera, name: str) -> DeviceState | None:
    return next((one for one in camera.status().devices if name in one.device), None)


def works(camera: Camera, name: str) -> bool:
    one = device(camera, name)
    return one is not None and not one.problem


def problem(camera: Camera, name: str) -> str:
    one = device(camera, name)
    return str(one.problem) if one else ""


def latch(camera: Camera) -> int:
    with _twins.chip_at(camera.state, 1, 0x20) as chip:
        return chip.registers[0]


def test_a_display_that_is_pulled_is_told_and_shows_the_next_car_after_its_return(camera: Camera) -> None:
    store = camera.store()
    store.rules.save(rule(WHITE, "display", "Greeting", **DISPLAY), "admin")
    store.close()
    camera.start("service")
    camera.connect_engine()
    until(lambda: problem(camera, "serial line gate") == "there is no gate: is the adapter plugged in?", "the missing display")
    _twin.plug(camera.state, "gate")
    until(lambda: works(camera, "serial line gate"), "the display's coming")
    camera.report()
    until(lambda: _twin.sent(camera.state, "gate") == b"WELCOME HK55EVB\r\n", "the greeting")
    _twin.pull(camera.state, "gate")
    until(lambda: "gate does not answer or went away" in problem(camera, "serial line gate"), "the loss of the display")
    _twin.plug(camera.state, "gate")
    until(lambda: works(camera, "serial line gate"), "the display's return")
    camera.report()
    until(lambda: _twin.sent(camera.state, "gate") == b"WELCOME HK55EVB\r\n", "the next greeting")


def test_the_test_button_works_for_a_converter_and_says_what_is_missing(camera: Camera) -> None:
    store = camera.store()
    store.entries.save(entry("HK66EVB", WHITE, wiegand_facility=11, wiegand_card=12345), "admin")
    store.close()
    camera.start("service")
    test = TestAction("wiegand_vivotek", '{"line": "sim://reader"}', WHITE, "HK66EVB")
    refused = camera.ask(test)
    assert (refused.ok, str(refused.note)) == (False, "serial line reader: there is no reader: is the adapter plugged in?")
    _twin.plug(camera.state, "reader")
    answer = until(lambda: answer if (answer := camera.ask(test)).ok else None, "the line")
    assert (answer.ok, str(answer.note)) == (True, "reader sent 26 bits, facility 11 card 12345")
    assert _twin.sent(camera.state, "reader") == b"W26 11 12345\r\n"
    camera.ask(RulesChanged())
    until(lambda: device(camera, "reader") is None, "that it is let go: no enabled action uses it")


def test_bytes_on_a_serial_line_start_a_read(camera: Camera) -> None:
    _twin.plug(camera.state, "loop1", 19200)
    store = camera.store()
    trigger = {"trigger_serial": "sim://loop1?baud=19200", "trigger_serial_pattern": r"\x02CAR"}
    store.settings.put(LprSettings(mode="TRIGGER", trigger_period_s=0.0, **trigger), "admin")
    store.close()
    camera.start("service")
    engine = camera.connect_engine()
    until(lambda: works(camera, "serial line loop1"), "the line")
    _twin.say(camera.state, "loop1", b"\r\n\x02CA")
    _twin.say(camera.state, "loop1", b"R")
    assert answer_of(engine, StartTrigger).trigger.cause == "serial line loop1"


def test_an_output_of_an_expander_is_an_ordinary_one_and_recovers_when_the_expander_was_pulled(camera: Camera) -> None:
    store = camera.store()
    store.rules.save(rule(WHITE, "io", "Lamp", output="DO3", do="on", polarity="active low"), "admin")
    store.close()
    camera.start("pins")
    camera.start("service")
    camera.connect_engine()
    camera.pins_ready()
    lines = {"DI1", "DI2", "DI3", "DO1", "DO2", "DO3"}
    until(lambda: {line.name for line in camera.status().lines} == lines, "the lines, one message each")
    camera.report()
    until(lambda: latch(camera) == 0xFE, "the lamp")
    until(camera.pulses_ms, "the gate")
    _twins.pull(camera.state, 1, 0x20)
    until(lambda: "nothing answers at 0x20" in problem(camera, "pcf8574"), "the loss of the expander")
    camera.report()  # the gate on the board's own pin opens all the same
    until(lambda: len(camera.pulses_ms()) == 2, "the gate without the expander")
    _twins.plug(camera.state, 1, 0x20, "pcf8574")
    until(lambda: works(camera, "pcf8574"), "the expander's return")
    camera.kill("pins")
    until(lambda: latch(camera) == 0xFF, "rest after a crash")


def test_an_input_of_an_expander_starts_a_read(camera: Camera) -> None:
    store = camera.store()
    store.settings.put(LprSettings(mode="TRIGGER", trigger_period_s=0.0, trigger_input="DI3"), "admin")
    store.close()
    camera.start("pins")
    camera.start("service")
    engine = camera.connect_engine()
    camera.pins_ready()
    with _twins.chip_at(camera.state, 1, 0x20) as chip:
        chip.outside &= ~0x10
    assert answer_of(engine, StartTrigger).trigger.cause == "input DI3"
