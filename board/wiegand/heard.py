"""Heard: judges a frame by its edges as hardware or the kernel saw them, for makers that play a frame as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from board.kit.dataclass import dataclass
from board.types import WiegandCode, WiegandLine
from board.wiegand.pulses import MAX_PERIOD_US, MAX_WIDTH_US, MIN_PERIOD_US, MIN_WIDTH_US, FrameTiming, bit_pins


@dataclass(frozen=True, slots=True)
class Change:
    """A wire's new level. `at_us`: on any clock that does not wrap within the frame."""

    at_us: float
    pin: int
    level: bool


def judge(
    line: WiegandLine, code: WiegandCode, changes: Sequence[Change], width_us: int, period_us: int, unsure_us: float
) -> FrameTiming:
    """What the frame was like. `changes`: all of both wires, in order; `width_us`, `period_us`: as planned; `unsure_us`: how far
    a told time may be off."""
    pins = bit_pins(line, code)
    began = [change for change in changes if change.level == line.active_high]
    ended = [change for change in changes if change.level != line.active_high]
    widths_us = tuple(end.at_us - begin.at_us for begin, end in zip(began, ended, strict=False))
    intervals_us = tuple(after.at_us - before.at_us for before, after in pairwise(began))
    errors_us = [0.0]
    for place, (begin, end) in enumerate(zip(began, ended, strict=False)):
        due_us = began[0].at_us + place * period_us
        errors_us += [abs(begin.at_us - due_us), abs(end.at_us - due_us - width_us)]
    ok = (
        [change.pin for change in began] == pins
        and [change.pin for change in ended] == pins
        and all(MIN_WIDTH_US - unsure_us <= width <= MAX_WIDTH_US + unsure_us for width in widths_us)
        and all(MIN_PERIOD_US - unsure_us <= interval <= MAX_PERIOD_US + unsure_us for interval in intervals_us)
    )
    return FrameTiming(widths_us, intervals_us, max(errors_us), ok)
