"""Real time: which core is taken; ranks and locked memory are the system's to grant."""

import pytest

from board.pins.realtime import isolated_core


@pytest.mark.parametrize(("cores", "core"), [("", None), ("\n", None), ("3\n", 3), ("2-3\n", 3), ("1,3\n", 3), ("0-1,5\n", 5)])
def test_the_last_isolated_core_is_taken(cores, core):
    assert isolated_core(cores) == core
