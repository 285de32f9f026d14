"""Pulses: puts one Wiegand frame on two lines by software and tells how far each edge was off.

SIA 26-bit reader interface: pulses of 20 to 100 us, 200 us to 20 ms apart, never on both lines at once (protocols.md 6.2, 6.4).
The thread sleeps between the pulses and is busy only around them, at most 200 us each.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from time import monotonic_ns

from board.ports import Gpio
from board.types import WiegandCode, WiegandLine

MIN_WIDTH_US, MAX_WIDTH_US = 20, 100
MIN_PERIOD_US, MAX_PERIOD_US = 200, 20_000

INSIDE_US = 4
"""A pulse is aimed at least this far inside the limits, so that one of 100 us is not out of them by a microsecond."""

EARLY_NS = 100_000
"""The sleep ends this long before the pulse: a wake-up is 10 to 80 us late on a stock kernel."""

FIRST_NS = 1_000_000
"""From the call to the first pulse."""


@dataclass(frozen=True, slots=True)
class FrameTiming:
    """What a frame's edges were like. `widths_us`, `intervals_us`: every pulse, every distance of two beginnings;
    `worst_edge_us`: largest difference of an edge from its plan; `ok`: all inside the SIA limits and none left out."""

    widths_us: tuple[float, ...]
    intervals_us: tuple[float, ...]
    worst_edge_us: float
    ok: bool


def send_frame(
    gpio: Gpio, line: WiegandLine, code: WiegandCode, width_us: int, period_us: int, stop: threading.Event
) -> FrameTiming:
    """Sends `code` now, first bit first: a pulse on D0 is a 0, on D1 a 1. `stop` ends it between two pulses (not ok).

    The plan is absolute, so lateness does not add up; a pulse that comes late moves the rest of the plan when it would
    otherwise crowd the next one. The width counts from the pulse's real beginning, never from its plan."""
    pins = [line.d1 if code.value >> place & 1 else line.d0 for place in reversed(range(code.bits))]
    active = line.active_high
    width_ns = 1000 * min(max(width_us, MIN_WIDTH_US + INSIDE_US), MAX_WIDTH_US - INSIDE_US)
    period_ns = 1000 * period_us
    nearest_ns = max(1000 * MIN_PERIOD_US, period_ns * 3 // 4)
    began: list[int] = []
    ended: list[int] = []
    worst_ns = 0
    due_ns = monotonic_ns() + FIRST_NS
    for pin in pins:
        rest_ns = due_ns - EARLY_NS - monotonic_ns()
        if rest_ns > 0:
            time.sleep(rest_ns / 1e9)
        if stop.is_set():
            break
        while monotonic_ns() < due_ns:
            pass
        try:
            gpio.write(pin, active, hurry=True)
            begin_ns = monotonic_ns()
            end_due_ns = begin_ns + width_ns
            while monotonic_ns() < end_due_ns:
                pass
            gpio.write(pin, not active, hurry=True)
            end_ns = monotonic_ns()
        finally:
            gpio.write(pin, not active)  # the pin is at rest: this lets a simulated chip write its books
        began.append(begin_ns)
        ended.append(end_ns)
        worst_ns = max(worst_ns, begin_ns - due_ns, end_ns - due_ns - width_ns)
        due_ns = max(due_ns + period_ns, begin_ns + nearest_ns)
    return _judge(began, ended, worst_ns, len(pins))


def _judge(began: list[int], ended: list[int], worst_ns: int, pulses: int) -> FrameTiming:
    widths_us = tuple((end - begin) / 1000 for begin, end in zip(began, ended, strict=True))
    intervals_us = tuple((after - before) / 1000 for before, after in pairwise(began))
    ok = (
        len(began) == pulses
        and all(MIN_WIDTH_US <= width <= MAX_WIDTH_US for width in widths_us)
        and all(MIN_PERIOD_US <= interval <= MAX_PERIOD_US for interval in intervals_us)
    )
    return FrameTiming(widths_us, intervals_us, worst_ns / 1000, ok)
