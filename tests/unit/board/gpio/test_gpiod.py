"""gpiod over a strict stand-in: lines by name on several chips, open drain, pins that the kernel gave away, edges by pin."""

import enum
import os
import queue
import types
from pathlib import Path

import pytest

from board.gpio import _chips, gpiod
from board.kit.errors import BoardError, PinBusy

FIRST, SECOND = Path("/dev/gpiochip0"), Path("/dev/gpiochip1")


class Line(types.SimpleNamespace):
    Value = enum.Enum("Value", {"INACTIVE": 0, "ACTIVE": 1})
    Value.__bool__ = lambda value: value.value == 1
    Direction = enum.Enum("Direction", "INPUT OUTPUT")
    Drive = enum.Enum("Drive", "PUSH_PULL OPEN_DRAIN")
    Bias = enum.Enum("Bias", "PULL_UP PULL_DOWN DISABLED")
    Edge = enum.Enum("Edge", "NONE BOTH")


class Settings(types.SimpleNamespace):
    pass


class Request:
    def __init__(self, offset, settings):
        self.offset, self.settings = offset, settings
        self.fd, self.write_end = os.pipe()
        self.value = getattr(settings, "output_value", Line.Value.INACTIVE)

    def set_value(self, offset, value):
        assert offset == self.offset
        self.value = value

    def get_value(self, offset):
        assert offset == self.offset
        return self.value

    def reconfigure_lines(self, config):
        assert list(config) == [self.offset]

    def read_edge_events(self):
        os.read(self.fd, 1)
        return [types.SimpleNamespace(line_offset=self.offset, event_type=Library.EdgeEvent.Type.RISING_EDGE, timestamp_ns=7)]

    def release(self):
        os.close(self.write_end)


class Library:
    line = Line
    LineSettings = Settings
    EdgeEvent = types.SimpleNamespace(Type=enum.Enum("Type", "RISING_EDGE FALLING_EDGE"))

    def __init__(self):
        self.requests = {}

    def Chip(self, path):
        def request_lines(config, consumer):
            ((offset, settings),) = config.items()
            self.requests[path, offset] = Request(offset, settings)
            return self.requests[path, offset]

        return types.SimpleNamespace(request_lines=request_lines, close=lambda: None)


@pytest.fixture
def library():
    return Library()


@pytest.fixture
def chip(library, monkeypatch):
    monkeypatch.setattr(gpiod, "muxed", lambda path: {9: "fe804000.i2c"} if path == SECOND else {})
    chip = gpiod.GpiodChip(library, None, {500: (FIRST, 3), 501: (SECOND, 3), 502: (SECOND, 9)}, frozenset({501}))
    yield chip
    chip.close()


def test_lines_by_name_are_driven_on_their_own_chips(chip, library):
    chip.claim_output(500, True, "pins")
    chip.claim_output(501, False, "pins")
    chip.write(501, True)
    assert library.requests[str(FIRST), 3].value is Line.Value.ACTIVE
    assert library.requests[str(SECOND), 3].value is Line.Value.ACTIVE
    assert (chip.read(500), chip.read(501)) == (True, True)
    drives = [library.requests[path, 3].settings.drive for path in (str(FIRST), str(SECOND))]
    assert drives == [Line.Drive.PUSH_PULL, Line.Drive.OPEN_DRAIN]


def test_a_pin_that_the_kernel_gave_away_is_not_claimed(chip):
    with pytest.raises(PinBusy, match=r"line 9 of /dev/gpiochip1 is taken by fe804000\.i2c: switch that off"):
        chip.claim_input(502, "up", "pins")


def test_a_pin_without_chip_or_name_is_none(chip):
    with pytest.raises(BoardError, match="this board has no line 17"):
        chip.claim_output(17, False, "pins")


def test_an_edge_is_told_with_the_pin_and_not_the_line(chip, library):
    edges = queue.Queue()
    chip.claim_input(500, "up", "pins")
    chip.watch([500], lambda *edge: edges.put(edge))
    os.write(library.requests[str(FIRST), 3].write_end, b"!")
    assert edges.get(timeout=30) == (500, True, 7)


def test_names_that_the_kernel_lacks_or_has_twice_are_errors(monkeypatch):
    monkeypatch.setattr(_chips, "_line_names", lambda chip: {"gpiochip0": ["A", "B"], "gpiochip1": ["B", ""]}[chip.name])
    monkeypatch.setattr(Path, "glob", lambda folder, pattern: [FIRST, SECOND])
    assert _chips.find_lines(("A",)) == {"A": (FIRST, 0)}
    with pytest.raises(BoardError, match=r"the kernel has no line named C, D: see gpioinfo"):
        _chips.find_lines(("A", "C", "D"))
    with pytest.raises(BoardError, match="the kernel has several lines named B"):
        _chips.find_lines(("B",))
