"""Wiring of the bench: drawn from the profile, and every wrong wire named."""

from __future__ import annotations

import dataclasses
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from board.gpio import open_gpio
from board.gpio.sim import SimChip
from board.i2c import _twins
from board.kit.state import State
from board.profiles import all_profiles, load, wires_file
from board.types import BoardProfile, OutputLine, WiegandLine
from hil_tests import wiring
from hil_tests.wiring import STAGES, check_wires, diagram, left_out, stages, wires
from hil_tests.wiring_svg import wiring_svg


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "SETTLE_S", 0)  # a simulated wire needs no time


def faults(folder: Path, plugged: dict[str, str], stage: str = "outputs") -> tuple[str, ...]:
    """What the check says about a simulated board with these wires in its wires.json."""
    state = State(folder)
    state.sim.mkdir()
    wires_file(state).write_text(json.dumps(plugged))
    return faults_of(load(state), state, stage)


def faults_of(profile: BoardProfile, state: State, stage: str) -> tuple[str, ...]:
    chip = SimChip(profile, state)
    try:
        return check_wires(chip, profile, stage)
    finally:
        chip.close()


@pytest.mark.parametrize("stage", STAGES)
def test_right_wires_have_no_fault(tmp_path: Path, stage: str) -> None:
    assert faults(tmp_path, dict(wires(all_profiles()["sim"], stage)), stage) == ()


def test_a_missing_wire_is_named_with_what_its_input_does(tmp_path: Path) -> None:
    said = faults(tmp_path, {"DO1": "DI1"})
    assert said == ("DO2 to DI2: the wire is missing or broken (DI2 stays low whatever DO2 does)",)


def test_crossed_wires_are_one_fault_that_names_both(tmp_path: Path) -> None:
    said = faults(tmp_path, {"DO1": "DI2", "DO2": "DI1"})
    assert said == ("DO1 and DO2 are crossed: DO1 arrives at DI2 and DO2 at DI1; swap them",)


def test_crossed_wiegand_lines_are_named(tmp_path: Path) -> None:
    said = faults(tmp_path, {"W1.D0": "DI2", "W1.D1": "DI1"}, "wiegand")
    assert said == ("W1.D0 and W1.D1 are crossed: W1.D0 arrives at DI2 and W1.D1 at DI1; swap them",)


def test_a_wire_in_the_wrong_input_is_named(tmp_path: Path) -> None:
    said = faults(tmp_path, {"DO1": "DI2"})
    assert said == (
        "DO1 arrives at DI2 instead of DI1: move the wire",
        "DO2 to DI2: the wire is missing or broken (DI2 stays low whatever DO2 does)",
    )


def test_a_wire_left_over_from_another_stage_is_named(tmp_path: Path) -> None:
    said = faults(tmp_path, {"DO1": "DI1", "DO2": "DI2", "W1.D0": "DI1"})
    assert said == ("W1.D0 reaches DI1: no wire of this stage does that, unplug it",)


def test_bridged_inputs_are_named(tmp_path: Path) -> None:
    bridged = dataclasses.replace(all_profiles()["sim"], wires=(("DO1", "DI1"), ("DO1", "DI2"), ("DO2", "DI2")))
    State(tmp_path).sim.mkdir()
    assert faults_of(bridged, State(tmp_path), "outputs") == ("DO1 reaches DI2 as well as DI1: these inputs are bridged",)


def test_the_check_leaves_every_output_at_rest(tmp_path: Path) -> None:
    faults(tmp_path, {"DO1": "DI2"})
    state = State(tmp_path)
    chip = SimChip(load(state), state)
    levels = {line.name: chip.level(line.pin) for line in load(state).outputs}
    chip.close()
    assert levels == {"DO1": 0, "DO2": 0}


def test_the_diagram_of_a_pi_shows_header_pins_and_resistors() -> None:
    assert diagram(all_profiles()["pi5"], "outputs") == (
        "stage 1 of 3, outputs: every output to the input of its number\n"
        "  a 1 kOhm resistor in each wire, nothing else on these lines\n"
        "  ┌─ outputs ──────────────┐            ┌─ inputs ───────────────┐\n"
        "  │ DO1    GPIO 17, pin 11 o──[1 kOhm]──o DI1    GPIO 22, pin 15 │\n"
        "  │ DO2    GPIO 27, pin 13 o──[1 kOhm]──o DI2    GPIO 23, pin 16 │\n"
        "  └────────────────────────┘            └────────────────────────┘\n"
    )


def test_the_gate_stage_presses_the_trigger_with_the_second_output() -> None:
    assert wires(all_profiles()["sim"], "gate") == (("DO2", "DI1"), ("DO1", "DI2"))


def test_lines_that_no_input_is_left_for_are_named() -> None:
    sim = all_profiles()["sim"]
    more = dataclasses.replace(
        sim, outputs=(*sim.outputs, OutputLine("HORN", 3)), wiegand=(*sim.wiegand, WiegandLine("W2", d0=23, d1=24))
    )
    assert [left_out(more, stage) for stage in STAGES] == [("HORN",), ("W2",), ()]
    assert [left_out(sim, stage) for stage in STAGES] == [(), (), ()]


def test_inputs_of_an_expander_are_given_their_time_and_hear_no_wiegand(tmp_path: Path) -> None:
    state = State(tmp_path)
    lines = [{"name": f"DI{number}", "expander": 0, "pin": number} for number in (1, 2)]
    own = [{"name": f"DI{number}", "pin": number} for number in (3, 4)]
    state.lines_file.write_text(json.dumps({"i2c": ["sim://1/0x20?kind=pcf8574"], "inputs": [*lines, *own]}))
    _twins.plug(state, 1, 0x20, "pcf8574")
    profile = load(state)
    assert wires(profile, "wiegand") == (("W1.D0", "DI3"), ("W1.D1", "DI4"))
    chip = open_gpio(profile, state)
    write = chip.write

    def through_the_wires(pin: int, level: bool, hurry: bool = False) -> None:
        write(pin, level, hurry)
        with _twins.chip_at(state, 1, 0x20) as expander:
            mask = 1 << pin if pin in (1, 2) else 0
            expander.outside = expander.outside | mask if level else expander.outside & ~mask

    with _twins.chip_at(state, 1, 0x20) as expander:
        expander.outside = 0b11111001
    chip.write = through_the_wires  # type: ignore[method-assign]
    try:
        assert check_wires(chip, profile, "outputs") == ()
    finally:
        chip.close()


def test_a_board_with_one_input_has_fewer_stages() -> None:
    small = dataclasses.replace(all_profiles()["sim"], inputs=all_profiles()["sim"].inputs[:1])
    assert stages(small) == ("outputs",)


@pytest.mark.parametrize("name", sorted(all_profiles()))
def test_every_profile_is_drawn_with_all_its_wires(name: str) -> None:
    profile = all_profiles()[name]
    svg = wiring_svg(profile)
    texts = [element.text for element in ElementTree.fromstring(svg).iter() if element.text]
    for stage in stages(profile):
        assert stage in texts
        for output, contact in wires(profile, stage):
            assert {output, contact} <= set(texts)
            assert output in diagram(profile, stage)


def test_names_in_the_drawing_are_escaped() -> None:
    odd = dataclasses.replace(all_profiles()["sim"], title="<b>&")
    assert "<b>" not in wiring_svg(odd)
    assert ElementTree.fromstring(wiring_svg(odd)).findtext("{http://www.w3.org/2000/svg}title") == "Wiring of <b>&"
