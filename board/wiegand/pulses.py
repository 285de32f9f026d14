"""Pulses: puts one Wiegand frame on two lines by software and tells how far each edge was off.

SIA 26-bit reader interface: pulses of 20 to 100 us, 200 us to 20 ms apart, never on both lines at once (docs/sources.md, Wiegand).
The thread sleeps between the pulses and is busy only around them, at most 200 us each.
"""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from time import monotonic_ns

from board.kit.dataclass import dataclass
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


WRITE_US = 10
"""What one write to a pin may take before the time of its edge counts as unknown (1 us on the simulated chip, 5 to 9 us for
RPi.GPIO on a Pi: docs/sources.md, Wiegand)."""


@dataclass(frozen=True, slots=True)
class FrameTiming:
    """What a frame's edges were like. `widths_us`, `intervals_us`: every pulse, every distance of two beginnings;
    `worst_edge_us`: largest difference of an edge from its plan; `ok`: all surely inside the SIA limits and none left out."""

    widths_us: tuple[float, ...]
    intervals_us: tuple[float, ...]
    worst_edge_us: float
    ok: bool


@dataclass(frozen=True, slots=True)
class _Pulse:
    """Clock readings (ns) before and after the two writes; each edge lies somewhere between its two."""

    due: int
    before_begin: int
    after_begin: int
    before_end: int
    after_end: int

    @property
    def width_us(self) -> float:
        return (self.after_end - self.after_begin) / 1000

    @property
    def in_limits(self) -> bool:
        longest_us = (self.after_end - self.before_begin) / 1000
        shortest_us = (self.before_end - self.after_begin) / 1000
        return (
            MIN_WIDTH_US <= self.width_us <= MAX_WIDTH_US
            and longest_us <= MAX_WIDTH_US + WRITE_US
            and shortest_us >= MIN_WIDTH_US - WRITE_US
        )


def bit_pins(line: WiegandLine, code: WiegandCode) -> list[int]:
    """The pin of each pulse, first bit first: D0 for a 0, D1 for a 1."""
    return [line.d1 if code.value >> place & 1 else line.d0 for place in reversed(range(code.bits))]


def inside_us(width_us: int) -> int:
    """A pulse width that is surely inside the limits."""
    return min(max(width_us, MIN_WIDTH_US + INSIDE_US), MAX_WIDTH_US - INSIDE_US)


def send_frame(
    gpio: Gpio, line: WiegandLine, code: WiegandCode, width_us: int, period_us: int, stop: threading.Event
) -> FrameTiming:
    """Sends `code` now, first bit first: a pulse on D0 is a 0, on D1 a 1. `stop` keeps it from beginning (not ok). Begun, it goes
    on to its end: cut off, it may be another number for a panel that takes shorter ones, too. A pause that is too long ends it
    between two pulses (not ok).

    The plan is absolute, so lateness does not add up; a pulse that comes late moves the rest of the plan when it would
    otherwise crowd the next one. The width counts from the pulse's real beginning, never from its plan."""
    pins = bit_pins(line, code)
    width_ns = 1000 * inside_us(width_us)
    period_ns = 1000 * min(period_us, MAX_PERIOD_US - 10 * INSIDE_US)
    nearest_ns = max(1000 * (MIN_PERIOD_US + WRITE_US), period_ns * 3 // 4)
    pulses: list[_Pulse] = []
    due_ns = monotonic_ns() + FIRST_NS
    for pin in pins:
        rest_ns = due_ns - EARLY_NS - monotonic_ns()
        if rest_ns > 0:
            time.sleep(rest_ns / 1e9)
        if stop.is_set() and not pulses:
            break
        if pulses and monotonic_ns() - pulses[-1].after_begin > 1000 * MAX_PERIOD_US:
            break  # the panel has taken the silence for the end: what is left would be a frame of its own
        pulse = _send_pulse(gpio, pin, line.active_high, due_ns, width_ns)
        pulses.append(pulse)
        due_ns = max(due_ns + period_ns, pulse.after_begin + nearest_ns)
    intervals_us = tuple((after.after_begin - before.after_begin) / 1000 for before, after in pairwise(pulses))
    worst_ns = max((max(p.after_begin - p.due, p.after_end - p.due - width_ns) for p in pulses), default=0)
    ok = (
        len(pulses) == code.bits
        and all(pulse.in_limits for pulse in pulses)
        and all(MIN_PERIOD_US <= interval <= MAX_PERIOD_US for interval in intervals_us)
    )
    return FrameTiming(tuple(pulse.width_us for pulse in pulses), intervals_us, worst_ns / 1000, ok)


def _send_pulse(gpio: Gpio, pin: int, active: bool, due_ns: int, width_ns: int) -> _Pulse:
    while monotonic_ns() < due_ns:
        pass
    try:
        before_begin = monotonic_ns()
        gpio.write(pin, active, hurry=True)
        after_begin = monotonic_ns()
        end_ns = before_begin + width_ns  # write to write: what a write takes shifts both edges alike
        while monotonic_ns() < end_ns:
            pass
        before_end = monotonic_ns()
        gpio.write(pin, not active, hurry=True)
        after_end = monotonic_ns()
    finally:
        gpio.write(pin, not active)  # the pin is at rest: this lets a simulated chip write its books
    return _Pulse(due_ns, before_begin, after_begin, before_end, after_end)
