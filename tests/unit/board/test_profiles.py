"""Profiles: pins used once, conflicts named, which one is loaded."""

import dataclasses
from pathlib import Path

import pytest

from board.kit import registry
from board.kit.errors import ConfigError
from board.kit.state import State
from board.profiles import all_profiles, check_pins, keep_lines, load, wires_file
from board.types import InputLine, OutputLine

PROFILES = all_profiles()


def test_the_boards_are_there():
    assert {"sim", "pi3", "pi4", "pi5", "zero2w", "cm4", "generic"} <= set(PROFILES)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_every_board_has_two_outputs_two_inputs_and_a_wiegand_port(profile):
    assert [line.name for line in profile.outputs] == ["DO1", "DO2"]
    assert [line.name for line in profile.inputs] == ["DI1", "DI2"]
    assert [line.name for line in profile.wiegand] == ["W1"]


@pytest.mark.parametrize("name", ["pi4", "pi5", "zero2w"])
def test_outputs_of_real_boards_are_on_pins_that_are_pulled_down_at_boot(name):
    profile = PROFILES[name]
    pins = [line.pin for line in profile.outputs] + [pin for line in profile.wiegand for pin in (line.d0, line.d1)]
    assert all(9 <= pin <= 27 for pin in pins)
    assert all(line.active_high for line in (*profile.outputs, *profile.wiegand))


def test_a_pin_used_twice_is_an_error_that_names_both_users():
    profile = dataclasses.replace(PROFILES["pi4"], outputs=(OutputLine("DO1", 22),))
    with pytest.raises(ConfigError, match="pin 22 is used by both DO1 and DI1"):
        check_pins(profile)


def test_a_pin_of_the_board_itself_is_an_error_that_names_its_user():
    profile = dataclasses.replace(PROFILES["pi4"], inputs=(InputLine("DI1", 2),))
    with pytest.raises(ConfigError, match="pin 2 is used by both I2C1 SDA and DI1"):
        check_pins(profile)


def test_a_pin_shared_with_a_wiegand_line_is_an_error():
    profile = dataclasses.replace(PROFILES["sim"], outputs=(OutputLine("DO1", 22),))
    with pytest.raises(ConfigError, match=r"pin 22 is used by both DO1 and W1\.D1"):
        check_pins(profile)


def with_maker(name, url):
    wiegand = dataclasses.replace(PROFILES[name].wiegand[0], maker=url)
    return dataclasses.replace(PROFILES[name], wiegand=(wiegand,))


@pytest.mark.parametrize("name", ["pi3", "pi4", "pi5", "zero2w", "cm4"])
def test_two_free_pins_may_hear_what_a_maker_does(name):
    check_pins(with_maker(name, "lgpio:?hear=5,6"))


@pytest.mark.parametrize(
    ("hear", "why"),
    [
        ("17,6", "pin 17 is used by both DO1 and the maker of W1, which hears there"),
        ("5,23", "pin 23 is used by both DI2 and the maker of W1"),
        ("2,3", "pin 2 is used by both I2C1 SDA and the maker of W1"),
        ("24,6", r"pin 24 is used by both W1\.D0 and the maker of W1"),
    ],
)
def test_a_pin_that_a_maker_hears_on_has_no_other_user(hear, why):
    with pytest.raises(ConfigError, match=why):
        check_pins(with_maker("pi4", f"lgpio:?hear={hear}"))


def test_a_maker_s_line_numbers_count_on_the_board_s_own_chip_only():
    check_pins(with_maker("virtual", "lgpio:?hear=5,6&chip=gpio-sim-board"))
    for name in ("virtual", "sim"):
        with pytest.raises(ConfigError, match=r"the maker lgpio:.* of W1 drives lines of pinctrl-rp1, .*: take another maker"):
            check_pins(with_maker(name, "lgpio:?hear=5,6"))
    named = dataclasses.replace(with_maker("generic", "lgpio:?hear=8,9"), chip_labels=("pinctrl-rp1",))
    with pytest.raises(ConfigError, match=r"takes lines by their numbers, not W1\.D0, W1\.D1"):
        check_pins(named)


@pytest.mark.parametrize("url", ["lgpio:", "lgpio:?hear=six", "laser:"])
def test_a_maker_s_url_that_makes_no_sense_is_told_when_it_is_opened_not_here(url):
    check_pins(with_maker("pi4", url))


def test_two_lines_of_one_name_are_an_error():
    profile = dataclasses.replace(PROFILES["sim"], outputs=(OutputLine("DO1", 1), OutputLine("DO1", 2)))
    with pytest.raises(ConfigError, match="several lines are named DO1"):
        check_pins(profile)


def test_a_wire_must_join_an_output_to_an_input():
    with pytest.raises(ConfigError, match="the wire from DI1 to DO1"):
        check_pins(dataclasses.replace(PROFILES["sim"], wires=(("DI1", "DO1"),)))


def test_without_a_board_file_the_board_is_simulated(tmp_path):
    assert load(State(tmp_path)) == PROFILES["sim"]


def test_the_board_file_chooses_profile_and_camera(tmp_path):
    state = State(tmp_path)
    state.board_file.write_text('{"profile": "pi5", "camera": "replay:/cars", "sd": ""}')
    assert load(state) == dataclasses.replace(PROFILES["pi5"], camera="replay:/cars")


def test_an_unknown_board_is_an_error_that_names_the_known_ones(tmp_path):
    state = State(tmp_path)
    state.board_file.write_text('{"profile": "pi9"}')
    with pytest.raises(ConfigError, match=f"'pi9'; there are {', '.join(all_profiles())}"):
        load(state)


@pytest.mark.parametrize("text", ["{", "[]", '"sim"'])
def test_a_damaged_board_file_is_an_error_that_names_it(tmp_path, text):
    state = State(tmp_path)
    state.board_file.write_text(text)
    with pytest.raises(ConfigError, match=r"board\.json"):
        load(state)


def test_wires_plugged_into_the_simulated_chip_belong_to_the_profile(tmp_path):
    state = State(tmp_path)
    state.sim.mkdir()
    wires_file(state).write_text('{"DO1": "DI1"}')
    assert load(state).wires == (("DO1", "DI1"),)


def test_a_damaged_lines_file_is_put_back_from_the_copy_of_the_last_right_one(tmp_path: Path) -> None:
    state = State(tmp_path)
    right = b'{"outputs": [{"name": "DO1", "pin": 5}]}'
    state.lines_file.write_bytes(right)
    keep_lines(state)
    for damage in (b"", b"{", b"[]", b"\xff"):
        state.lines_file.write_bytes(damage)
        keep_lines(state)
        assert state.lines_file.read_bytes() == right
    other = right.replace(b"5", b"6")
    state.lines_file.write_bytes(other)  # the installer changed it
    keep_lines(state)
    state.lines_file.write_bytes(b"")
    keep_lines(state)
    assert state.lines_file.read_bytes() == other


def test_lines_that_an_installer_took_away_do_not_come_back(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.lines_file.write_bytes(b'{"outputs": []}')
    keep_lines(state)
    state.lines_file.unlink()
    keep_lines(state)
    assert list(tmp_path.iterdir()) == []
    state.lines_file.write_bytes(b"{")
    keep_lines(state)  # nothing right is known: whoever needs the lines says what is wrong
    assert state.lines_file.read_bytes() == b"{"


def test_the_boards_files_are_looked_for_once_and_not_those_of_devices_and_makers_with_each_pin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sought: list[str] = []
    all_profiles()
    find = registry.find
    monkeypatch.setattr(registry, "find", lambda package, *more: sought.append(package.__name__) or find(package, *more))
    all_profiles()
    assert sought == ["board.profiles"]
