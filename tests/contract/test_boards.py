"""A new board is one file: in a folder of its own, it is a board for the portal, the pin check, the host and the self-test.

(`tests/unit/hil_tests/test_new_profile.py` runs the bench on such a board.) Every board of this release passes the same suite."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import board.profiles
from board.__main__ import main
from board.gpio import all_kinds
from board.gpio._claims import Claims
from board.kit.errors import ConfigError
from board.kit.state import State
from board.lines import pin_names, rest_levels
from board.profiles import all_profiles, boot_pull, load
from board.profiles._page import markdown
from hil_tests.wiring import diagram, stages
from webui.choices import board_choices

NEW = '''"""A carrier of the test: a gate, a lamp on an expander, a loop."""

from board.types import BoardProfile, InputLine, OutputLine, WiegandLine, expander_pin

PROFILE = BoardProfile(
    name="carrier9",
    title="Carrier 9",
    gpio="sim",
    camera="",
    outputs=(OutputLine("GATE", 33), OutputLine("LAMP", expander_pin(0, 2), active_high=False)),
    inputs=(InputLine("LOOP", 34), InputLine("KEY", expander_pin(0, 7))),
    wiegand=(WiegandLine("READER", d0=35, d1=36),),
    reserved=((40, "the carrier's own fan"),),
    boot_pulls=((30, 39, "down"),),
    i2c=("sim://1/0x21?kind=pcf8574",),
    why="Pins 30 to 39 are pulled down at power-on.",
    simulated=True,
)
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A second folder of profiles, as if its files lay in board/profiles."""
    folder = tmp_path / "profiles"
    folder.mkdir()
    monkeypatch.setattr(board.profiles, "__path__", [*board.profiles.__path__, str(folder)])
    yield folder
    for name in [name for name in sys.modules if name in ("board.profiles.carrier9", "board.profiles.wrong9")]:
        del sys.modules[name]


@pytest.fixture
def state(folder: Path, tmp_path: Path) -> State:
    (folder / "carrier9.py").write_text(NEW)
    state = State(tmp_path / "state")
    state.root.mkdir()
    state.board_file.write_text(json.dumps({"profile": "carrier9"}))
    return state


def test_the_portal_offers_its_lines(state: State) -> None:
    choices = board_choices(load(state))
    assert choices["output"] == (("GATE", "GATE"), ("LAMP", "LAMP"))
    assert choices["input"] == (("LOOP", "LOOP"), ("KEY", "KEY"))
    assert choices["wiegand_port"] == (("READER", "READER"),)


def test_the_self_test_lists_its_lines_and_devices_with_their_owners(state: State, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["selftest", "--state", str(state.root)]
    claims = Claims(state.sim / "claims")
    claims.take(33, "GATE", "heating")
    assert main(words) == 1
    out = capsys.readouterr().out
    assert "Carrier 9 (profile carrier9)" in out
    assert "pin 33, taken by heating (pid" in out
    assert "pcf8574 at 0x21 on simulated I2C bus 1  there is no simulated I2C bus 1: plug a chip" in out
    claims.release()
    assert main(["sim", "i2c", "plug", "1/0x21", "pcf8574", "--state", str(state.root)]) == 0
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "pcf8574 at 0x21 on simulated I2C bus 1  pins 7 to 0: 11111111" in out
    assert out.splitlines()[-1] == "READY"


def test_the_bench_draws_its_wires_and_the_reference_page_has_it(state: State) -> None:
    assert stages(load(state)) == ("outputs", "wiegand", "gate")
    assert "GATE" in diagram(load(state), "outputs")
    assert "## Carrier 9 (`carrier9`)" in markdown()
    assert "| LAMP | pin 2 of sim://1/0x21?kind=pcf8574 | low |" in markdown()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('"LOOP", 34', '"LOOP", 33'), "pin 33 is used by both GATE and LOOP"),
        (('"LOOP", 34', '"LOOP", 40'), "pin 40 is used by both the carrier's own fan and LOOP"),
        (('"GATE", 33', '"GATE", 33, active_high=False'), "GATE on pin 33 would be active while the board boots"),
        (('"LAMP", expander_pin(0, 2), active_high=False', '"LAMP", expander_pin(0, 2)'), "LAMP on pin 1002 would be active"),
        (("d0=35", "d0=expander_pin(0, 1), active_high=False"), "READER.D1 on pin 36 would be active"),
        (("expander_pin(0, 7)", "expander_pin(0, 8)"), "KEY is on pin 8 of sim://1/0x21"),
        (("0x21?kind=pcf8574", "0x61?kind=pcf8574"), "a PCF8574 can be at"),
    ],
)
def test_its_pins_are_checked(folder: Path, change: tuple[str, str], why: str) -> None:
    (folder / "wrong9.py").write_text(NEW.replace(*change).replace("carrier9", "wrong9"))
    with pytest.raises(ConfigError) as raised:
        all_profiles()
    assert why in str(raised.value)


@pytest.mark.parametrize("name", sorted(all_profiles()))
def test_a_board_says_why_its_pins_are_safe_and_they_are(name: str) -> None:
    profile = all_profiles()[name]
    assert profile.name == name
    assert len(profile.why) > 40
    assert profile.gpio in all_kinds()
    for pin, rest in rest_levels(profile, {}).items():
        assert boot_pull(profile, pin) != ("down" if rest else "up"), pin_names(profile)[pin]


@pytest.mark.parametrize("name", ["pi3", "pi4", "pi5", "zero2w", "cm4"])
def test_every_output_of_a_raspberry_pi_is_pulled_down_from_power_on(name: str) -> None:
    profile = all_profiles()[name]
    outputs = [line.pin for line in profile.outputs] + [pin for port in profile.wiegand for pin in (port.d0, port.d1)]
    assert {boot_pull(profile, pin) for pin in outputs} == {"down"}


def test_a_carrier_of_a_compute_module_names_its_own_pins(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.board_file.write_text('{"profile": "cm4"}')
    state.lines_file.write_text(json.dumps({"outputs": [{"name": "DO1", "pin": 5}]}))
    with pytest.raises(ConfigError, match="DO1 on pin 5 would be active while the board boots: the pin is pulled up then"):
        load(state)
    lines = {"outputs": [{"name": "DO1", "pin": 5, "held": True}], "wiegand": [{"name": "W1", "d0": 20, "d1": 21}]}
    state.lines_file.write_text(json.dumps(lines))
    profile = load(state)
    assert [(line.name, line.pin) for line in profile.outputs] == [("DO1", 5), ("DO2", 27)]
    assert [(port.d0, port.d1) for port in profile.wiegand] == [(20, 21)]


def test_a_board_with_named_lines_takes_other_names(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.board_file.write_text('{"profile": "generic"}')
    state.lines_file.write_text(json.dumps({"outputs": [{"name": "DO1", "pin": "PIN_11"}, {"name": "DO3", "pin": "PIN_13"}]}))
    profile = load(state)
    names = dict(profile.line_names)
    assert [(line.name, names[line.pin]) for line in profile.outputs] == [("DO1", "PIN_11"), ("DO2", "DO2"), ("DO3", "PIN_13")]
