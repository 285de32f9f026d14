"""Lines: names, rest levels, the kept polarity."""

import json

import pytest

from board.kit.errors import BoardError
from board.kit.state import State
from board.lines import load_polarity, pin_names, rest_levels, save_polarity
from board.profiles import all_profiles

SIM, PI4 = all_profiles()["sim"], all_profiles()["pi4"]


def test_the_pins_of_a_wiegand_port_have_names_of_their_own():
    assert pin_names(PI4) == {17: "DO1", 27: "DO2", 22: "DI1", 23: "DI2", 24: "W1.D0", 25: "W1.D1"}


def test_outputs_rest_inactive_and_wiegand_wires_idle():
    assert rest_levels(SIM, {}) == {1: False, 2: False, 21: True, 22: True}
    assert rest_levels(PI4, {"DO1": False}) == {17: True, 27: False, 24: False, 25: False}


def test_polarity_is_kept(tmp_path):
    state = State(tmp_path)
    assert load_polarity(state, SIM) == {"DO1": True, "DO2": True}
    save_polarity(state, {"DO1": False, "DO2": True})
    assert load_polarity(state, SIM) == {"DO1": False, "DO2": True}
    assert json.loads(state.polarity_file.read_text()) == {"DO1": False, "DO2": True}


@pytest.mark.parametrize("text", ["", "{", "[1]", None])
def test_a_damaged_polarity_file_is_restored_from_its_copy(tmp_path, text):
    state = State(tmp_path)
    save_polarity(state, {"DO1": False, "DO2": True})
    state.polarity_file.unlink() if text is None else state.polarity_file.write_text(text)
    assert load_polarity(state, SIM) == {"DO1": False, "DO2": True}
    assert json.loads(state.polarity_file.read_text()) == {"DO1": False, "DO2": True}


@pytest.mark.parametrize("text", ["{", "[1]", '{"DO1": "low", "DO9": false}'])
def test_a_damaged_polarity_file_leaves_the_wiring_of_the_profile(tmp_path, text):
    state = State(tmp_path)
    state.polarity_file.write_text(text)
    assert load_polarity(state, SIM) == {"DO1": True, "DO2": True}


def test_a_polarity_that_cannot_be_kept_is_an_error(tmp_path):
    with pytest.raises(BoardError, match="cannot be kept"):
        save_polarity(State(tmp_path / "gone"), {"DO1": True})
