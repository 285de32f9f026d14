"""Line rules: the profile's with the settings', kept in one file."""

import dataclasses

import pytest

from board.kit.errors import BoardError
from board.kit.state import State
from board.line_rules import Rules, load_rules, merged, save_rules
from board.profiles import all_profiles
from board.types import KEEPS, Guard, LineRules

SIM = all_profiles()["sim"]
NONE = Rules({"DO1": 0, "DO2": 0}, {"DI1": 0, "DI2": 0}, ())


def test_settings_stand_in_place_of_the_profiles_times_and_beside_its_interlocks():
    first, second = SIM.outputs
    profile = dataclasses.replace(
        SIM,
        outputs=(dataclasses.replace(first, max_on_s=30), dataclasses.replace(second, max_on_s=40)),
        interlocks=(("DO1", "DO2"),),
    )
    rules = merged(profile, LineRules("r", (("DO2", 5),), (("DI1", 600),), (("DO2", "DO1"),)))
    assert rules == Rules({"DO1": 30, "DO2": 5}, {"DI1": 600, "DI2": 0}, (("DO1", "DO2"), ("DO2", "DO1")))


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (LineRules("r", max_on_s=(("DO9", 5),)), "no output 'DO9'; this board has DO1, DO2"),
        (LineRules("r", stuck_after_s=(("DO1", 5),)), "no input 'DO1'; this board has DI1, DI2"),
        (LineRules("r", interlocks=(("DO1", "gate"),)), "no output 'gate'"),
        (LineRules("r", guards=(Guard("DI9", "DO1"),)), "no input 'DI9'"),
        (LineRules("r", guards=(Guard("DI1", "DO9"),)), "no output 'DO9'"),
        (LineRules("r", guards=(Guard("DI1", "DO1", "shuts"),)), "DO1: a guard does not know 'shuts'"),
        (LineRules("r", max_on_s=(("DO1", -1),)), "DO1: a time must be 0 to 86400 s, not -1"),
    ],
)
def test_a_line_that_is_not_there_or_a_time_out_of_range_is_an_error(asked, why):
    with pytest.raises(BoardError, match=why):
        merged(SIM, asked)


def test_a_profile_that_names_a_line_that_is_not_there_is_an_error():
    with pytest.raises(BoardError, match="no output 'DO3'"):
        merged(dataclasses.replace(SIM, interlocks=(("DO1", "DO3"),)), LineRules("r"))
    with pytest.raises(BoardError, match="DO1: a time must be 0 to 86400 s, not -5"):
        merged(dataclasses.replace(SIM, outputs=(dataclasses.replace(SIM.outputs[0], max_on_s=-5),)), LineRules("r"))


@pytest.mark.parametrize("name", sorted(all_profiles()))
def test_every_profile_has_rules_that_its_lines_can_keep(name):
    merged(all_profiles()[name], LineRules("r"))


def test_what_was_saved_is_loaded(tmp_path):
    asked = LineRules("r", (("DO1", 5),), (("DI1", 600),), (("DO1", "DO2"),), (Guard("DI2", "DO1", KEEPS),))
    save_rules(State(tmp_path), asked)
    assert load_rules(State(tmp_path), SIM) == merged(SIM, asked)


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"id": "r", "max_on_s": [["DO9", 5]]}', '{"id": "r", "interlocks": 5}'])
def test_a_damaged_file_is_told_and_the_profiles_rules_count(tmp_path, text, caplog):
    State(tmp_path).line_rules_file.write_text(text)
    assert load_rules(State(tmp_path), SIM) == NONE
    assert "line_rules.json is not used" in caplog.text


@pytest.mark.parametrize("text", ["", "no json", "[]", None])
def test_a_damaged_file_is_restored_from_its_copy(tmp_path, text, caplog):
    asked = LineRules("r", (("DO1", 5),), (("DI1", 600),), (("DO1", "DO2"),), (Guard("DI2", "DO1", KEEPS),))
    file = State(tmp_path).line_rules_file
    save_rules(State(tmp_path), asked)
    before = file.read_bytes()
    file.unlink() if text is None else file.write_text(text)
    assert load_rules(State(tmp_path), SIM) == merged(SIM, asked)
    assert file.read_bytes() == before
    assert "is restored from its copy" in caplog.text


def test_without_a_file_the_profiles_rules_count(tmp_path, caplog):
    assert load_rules(State(tmp_path), SIM) == NONE
    assert caplog.text == ""
