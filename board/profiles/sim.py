"""Simulated board: no hardware; the chip lives in STATE/sim and every edge is written down there."""

from board.kit.words import mark
from board.types import BoardProfile, InputLine, OutputLine, WiegandLine

PROFILE = BoardProfile(
    name="sim",
    title=mark("Simulated board"),
    gpio="sim",
    camera="",
    outputs=(OutputLine("DO1", 1), OutputLine("DO2", 2)),
    # Active high with pull-down, so that "sim set DI1 1" presses the input.
    inputs=(InputLine("DI1", 11, active_high=True, pull="down"), InputLine("DI2", 12, active_high=True, pull="down")),
    # The pins are the Wiegand wires themselves: idle high, a pulse is low (SIA 26-bit interface).
    wiegand=(WiegandLine("W1", d0=21, d1=22, active_high=False),),
    threads=2,
    software_video=True,
    why="No pins: the numbers are those of the simulated chip in STATE/sim. Inputs are pressed by `python -m board sim set DI1 1`.",
    simulated=True,
)
