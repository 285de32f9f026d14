"""Safe state: what is driven, and what is left to a living owner."""

import errno
import os

import pytest

from board.gpio.sim import SimChip, show
from board.kit.errors import BoardError
from board.kit.state import State
from board.lines import save_polarity
from board.profiles import all_profiles
from board.safe import make_safe

SIM = all_profiles()["sim"]


@pytest.fixture
def state(tmp_path):
    return State(tmp_path)


def levels(state):
    return {name: level for name, level, _ in show(state)}


def leave_active(state):
    chip = SimChip(SIM, state)
    for pin, level in ((1, True), (2, True), (21, False)):
        chip.claim_output(pin, level, "dead")
    chip.close()


def test_every_output_and_wire_goes_to_rest_and_is_free_afterwards(state):
    leave_active(state)
    assert make_safe(state) == ()
    assert levels(state) == {"DO1": 0, "DO2": 0, "DI1": 0, "DI2": 0, "W1.D0": 1, "W1.D1": 1}
    assert {owner for _, _, owner in show(state)} == {""}


def test_an_output_that_is_active_low_rests_high(state):
    leave_active(state)
    save_polarity(state, {"DO1": False, "DO2": True})
    make_safe(state)
    assert levels(state)["DO1"] == 1 and levels(state)["DO2"] == 0


def test_a_line_with_a_living_owner_is_left_to_it_and_the_others_are_driven(state):
    leave_active(state)
    owner = SimChip(SIM, state)
    owner.claim_output(1, True, "pins")
    (left,) = make_safe(state)
    assert "DO1 (pin 1) is taken by pins" in left
    assert levels(state)["DO1"] == 1 and levels(state)["DO2"] == 0
    owner.close()


def test_on_a_full_disk_every_output_goes_to_rest_all_the_same(state, monkeypatch):
    leave_active(state)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    assert make_safe(state) == ()
    assert levels(state) == {"DO1": 0, "DO2": 0, "DI1": 0, "DI2": 0, "W1.D0": 1, "W1.D1": 1}


def test_on_a_real_board_without_its_library_the_error_says_what_is_missing(state):
    state.board_file.write_text('{"profile": "pi5"}')
    with pytest.raises(BoardError, match="could not be made safe"):
        make_safe(state)
