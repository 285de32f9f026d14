"""Simulated board that saves memory as a Zero 2 W does."""

from dataclasses import replace

from board.kit.words import mark
from board.profiles import sim

PROFILE = replace(
    sim.PROFILE, name="sim_small", title=mark("Simulated board with 512 MB"), threads=1, small=True, software_video=False
)
