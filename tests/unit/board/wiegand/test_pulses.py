"""Pulses: which pin moves in which order, and what counts as a bad frame."""

import threading
import time

from board.types import WiegandCode, WiegandLine
from board.wiegand.pulses import _Pulse, send_frame

LINE = WiegandLine("W1", d0=5, d1=6, active_high=True)


class Wires:
    """Keeps the order of the level changes."""

    def __init__(self):
        self.levels = {5: False, 6: False}
        self.changes = []

    def write(self, pin, level, hurry=False):
        if self.levels[pin] != level:
            self.levels[pin] = level
            self.changes.append((pin, level))


def test_each_bit_is_one_pulse_on_its_line_and_never_two_at_once():
    wires = Wires()
    timing = send_frame(wires, LINE, WiegandCode(4, 0b1001), 50, 300, threading.Event())
    assert wires.changes == [(6, True), (6, False), (5, True), (5, False), (5, True), (5, False), (6, True), (6, False)]
    assert len(timing.widths_us) == 4 and len(timing.intervals_us) == 3


def test_a_line_that_idles_high_is_pulsed_low():
    wires = Wires()
    wires.levels = {5: True, 6: True}
    send_frame(wires, WiegandLine("W1", 5, 6, active_high=False), WiegandCode(1, 0), 50, 300, threading.Event())
    assert wires.changes == [(5, False), (5, True)]


def test_after_a_stop_no_frame_begins_and_both_lines_are_at_rest():
    stop = threading.Event()
    stop.set()
    wires = Wires()
    assert not send_frame(wires, LINE, WiegandCode(26, 1), 50, 300, stop).ok
    assert (wires.levels, wires.changes) == ({5: False, 6: False}, [])


def test_a_frame_that_a_stop_meets_is_sent_to_its_end():
    """Of 34 bits the first 26 may be another number for a panel that takes both."""
    stop = threading.Event()

    class Stops(Wires):
        def write(self, pin, level, hurry=False):
            super().write(pin, level, hurry)
            if len(self.changes) == 2 * 25:
                stop.set()

    wires = Stops()
    timing = send_frame(wires, LINE, WiegandCode(34, 1), 50, 300, stop)
    assert (stop.is_set(), len(timing.widths_us), wires.levels) == (True, 34, {5: False, 6: False})


def test_a_write_that_fails_leaves_the_line_at_rest():
    class Breaks(Wires):
        def write(self, pin, level, hurry=False):
            super().write(pin, level)
            if level:
                raise OSError("broken")

    wires = Breaks()
    try:
        send_frame(wires, LINE, WiegandCode(1, 1), 50, 300, threading.Event())
    except OSError:
        pass
    assert wires.changes == [(6, True), (6, False)]


def test_a_pulse_is_good_only_when_both_edges_surely_lie_in_the_limits():
    def pulse(*readings_us):
        return _Pulse(0, *(1000 * reading for reading in readings_us))

    assert pulse(0, 1, 80, 81).in_limits
    assert not pulse(0, 1, 105, 106).in_limits
    assert not pulse(0, 1, 15, 16).in_limits
    assert not pulse(0, 60, 80, 130).in_limits  # 70 us by the books, but it may have lasted 130
    assert not pulse(0, 150, 150, 151).in_limits


def test_a_frame_that_paused_for_longer_than_panels_wait_is_not_gone_on_with():
    class Pauses(Wires):
        def write(self, pin, level, hurry=False):
            super().write(pin, level)
            if len(self.changes) == 4 and not hurry:
                time.sleep(0.03)

    wires = Pauses()
    timing = send_frame(wires, LINE, WiegandCode(26, 1), 50, 300, threading.Event())
    assert len(wires.changes) == 4  # two pulses: the others would have been a frame of their own
    assert not timing.ok
    assert wires.levels == {5: False, 6: False}
