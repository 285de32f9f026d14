"""Events: what can happen in a lane besides a passage: for the Live tab, the log, and rules that start on it."""

from __future__ import annotations

from collections.abc import Mapping

from board.kit.words import mark
from engine.lane.table import NOT_MOVED, TAILGATE, UNEXPECTED, UNUSED

HELD_OPEN, FAULT, FAULT_OVER, MISMATCH, PASSBACK, FULL = (
    "held_open",
    "input_fault",
    "input_fault_over",
    "mismatch",
    "passback",
    "full",
)

EVENTS: Mapping[str, str] = {
    TAILGATE: mark("a second vehicle drove in on one opening"),
    UNEXPECTED: mark("a vehicle drove into the safety loop without an opening"),
    UNUSED: mark("the opening was not used"),
    HELD_OPEN: mark("the barrier has been open for too long"),
    NOT_MOVED: mark("the barrier did not move"),
    FAULT: mark("an input of the lane is faulty"),
    FAULT_OVER: mark("an input of the lane works again"),
    MISMATCH: mark("the two cameras saw plates that do not belong together"),
    PASSBACK: mark("a vehicle came in that is counted inside, or left that is not"),
    FULL: mark("a vehicle was refused because all places are taken"),
}
"""Name of an event: what it says. Names never change: rules are stored with them."""
