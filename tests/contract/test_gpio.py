"""Every GPIO back end against one suite. The simulated chip and RPi.GPIO's API (over a strict stand-in) run everywhere; gpiod
needs a real chip of the kernel (or its gpio-sim driver) and is skipped in plain words where there is none."""

import dataclasses
import errno
import importlib.util
import os
import queue
import sys
import threading
import types
from pathlib import Path

import pytest

from board.gpio import _fifo, all_kinds, open_gpio
from board.gpio._chips import find_chip
from board.kit.errors import BoardError, PinBusy
from board.kit.state import State
from board.profiles import all_profiles

PI4 = all_profiles()["pi4"]
OUT, IN = PI4.outputs[0].pin, PI4.inputs[0].pin


class StrictRpi(types.ModuleType):
    """RPi.GPIO's API as strict as the library: unknown channels, missing set-up and wrong directions raise what it raises."""

    BCM, BOARD, OUT, IN, LOW, HIGH, BOTH, PUD_OFF, PUD_DOWN, PUD_UP = 11, 10, 0, 1, 0, 1, 33, 20, 21, 22

    def __init__(self):
        super().__init__("RPi.GPIO")
        self.mode = None
        self.directions = {}
        self.levels = dict.fromkeys(range(54), 0)
        self.callbacks = {}
        self.wires = {OUT: IN}

    def setwarnings(self, on):
        pass

    def setmode(self, mode):
        if self.mode not in (None, mode):
            raise ValueError("A different mode has already been set!")
        self.mode = mode

    def setup(self, channel, direction, pull_up_down=None, initial=None):
        self._known(channel)
        if direction == self.OUT and pull_up_down is not None:
            raise ValueError("pull_up_down parameter is not valid for outputs")
        if direction == self.IN and initial is not None:
            raise ValueError("initial parameter is not valid for inputs")
        self.directions[channel] = direction
        if initial is not None:
            self._drive(channel, initial)

    def output(self, channel, value):
        self._known(channel)
        if self.directions.get(channel) != self.OUT:
            raise RuntimeError("The GPIO channel has not been set up as an OUTPUT")
        self._drive(channel, value)

    def input(self, channel):
        self._known(channel)
        if channel not in self.directions:
            raise RuntimeError("You must setup() the GPIO channel first")
        return self.levels[channel]

    def add_event_detect(self, channel, edge, callback=None, bouncetime=None):
        if self.directions.get(channel) != self.IN:
            raise RuntimeError("You must setup() the GPIO channel as an input first")
        if channel in self.callbacks:
            raise RuntimeError("Conflicting edge detection already enabled for this GPIO channel")
        self.callbacks[channel] = callback

    def remove_event_detect(self, channel):
        self.callbacks.pop(channel, None)

    def _known(self, channel):
        if self.mode is None:
            raise RuntimeError("Please set pin numbering mode using GPIO.setmode(GPIO.BOARD) or GPIO.setmode(GPIO.BCM)")
        if not 0 <= channel < 54:
            raise ValueError("The channel sent is invalid on a Raspberry Pi")

    def _drive(self, channel, value):
        if value not in (0, 1):
            raise ValueError("Value must be an integer/boolean")
        self.levels[channel] = value
        wired = self.wires.get(channel)
        if wired is not None and self.levels[wired] != value:
            self.levels[wired] = value
            if wired in self.callbacks:
                threading.Thread(target=self.callbacks[wired], args=(wired,)).start()


@pytest.fixture(params=sorted(all_kinds()))
def board(request, tmp_path, monkeypatch):
    """(profile, state): the Pi 4's lines on this back end, DO1 wired to DI1."""
    state = State(tmp_path)
    state.run.mkdir()
    if request.param == "rpi":
        library = StrictRpi()
        package = types.ModuleType("RPi")
        package.GPIO = library
        monkeypatch.setitem(sys.modules, "RPi", package)
        monkeypatch.setitem(sys.modules, "RPi.GPIO", library)
    if request.param == "gpiod":
        if importlib.util.find_spec("gpiod") is None:
            pytest.skip("the gpiod library is not installed here")
        try:
            find_chip(PI4.chip_labels)
        except BoardError as why:
            pytest.skip(f"gpiod needs a wired chip of the kernel: {why}")
    return dataclasses.replace(PI4, gpio=request.param, wires=(("DO1", "DI1"),)), state


@pytest.fixture
def chip(board):
    gpio = open_gpio(*board)
    yield gpio
    gpio.close()


def test_an_output_has_its_level_from_the_moment_it_is_claimed(chip):
    chip.claim_output(OUT, True, "test")
    assert chip.read(OUT) is True
    chip.write(OUT, False)
    assert chip.read(OUT) is False


def test_a_pin_that_is_not_claimed_is_neither_written_nor_read(chip):
    with pytest.raises(BoardError, match=f"{OUT}.* is not claimed"):
        chip.write(OUT, True)
    with pytest.raises(BoardError, match=f"{OUT}.* is not claimed"):
        chip.read(OUT)


def test_an_input_is_not_written(chip):
    chip.claim_input(IN, "up", "test")
    with pytest.raises(BoardError, match=f"{IN}.* is not claimed as an output"):
        chip.write(IN, True)


def test_an_output_is_not_watched(chip):
    chip.claim_output(OUT, False, "test")
    with pytest.raises(BoardError, match="input"):
        chip.watch([OUT], lambda *edge: None)


def test_a_taken_pin_is_busy_and_its_owner_named(board, chip):
    chip.claim_output(OUT, False, "pins")
    other = open_gpio(*board)
    try:
        with pytest.raises(PinBusy, match="is taken by pins"):
            other.claim_output(OUT, True, "intruder")
    finally:
        other.close()
    assert chip.read(OUT) is False


def test_a_released_pin_can_be_claimed_again(board, chip):
    chip.claim_output(OUT, False, "test")
    chip.close()
    again = open_gpio(*board)
    again.claim_output(OUT, False, "again")
    again.close()


def test_an_unknown_pin_and_an_unknown_pull_are_errors(chip):
    with pytest.raises(BoardError, match="99"):
        chip.claim_output(99, False, "test")
    with pytest.raises(BoardError, match="pull"):
        chip.claim_input(IN, "sideways", "test")


def test_edges_of_the_wired_input_are_reported_with_level_and_rising_time(chip):
    edges = queue.Queue()
    chip.claim_output(OUT, False, "test")
    chip.claim_input(IN, "off", "test")
    chip.watch([IN], lambda pin, level, t_ns: edges.put((pin, level, t_ns)))
    chip.write(OUT, True)
    first = edges.get(timeout=20)
    chip.write(OUT, False)
    second = edges.get(timeout=20)
    assert [first[:2], second[:2]] == [(IN, True), (IN, False)]
    assert first[2] < second[2]
    assert chip.read(IN) is False


def test_who_has_a_pin_is_known_outside(board, chip):
    kind = all_kinds()[board[0].gpio]
    assert kind.taken_by(*board, OUT) == ""
    chip.claim_output(OUT, False, "pins")
    assert kind.taken_by(*board, OUT).startswith("pins")


def test_closing_twice_is_allowed(chip):
    chip.close()


@pytest.mark.parametrize("name", ["pi4", "pi5", "zero2w"])
def test_a_pi_without_its_library_says_what_to_install(name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "RPi", None)
    with pytest.raises(BoardError, match="pip install rpi-lgpio"):
        open_gpio(all_profiles()[name], State(tmp_path))


LIKE_LGPIO = """
import os
os.chdir(os.environ["LG_WD"])
try:
    os.mkfifo(".lgd-nfy0")
except FileExistsError:
    pass  # another user's: it cannot be taken away
fifo = os.open(".lgd-nfy0", os.O_RDWR | os.O_NONBLOCK)
BCM = 11
setwarnings = setmode = print
"""


def test_two_processes_never_read_their_edges_from_one_fifo(tmp_path, monkeypatch):
    """Pins and its guardian did, once the host had made the outputs safe as another user: each got some of the other's edges."""
    (tmp_path / "RPi").mkdir()
    (tmp_path / "RPi/__init__.py").touch()
    (tmp_path / "RPi/GPIO.py").write_text(LIKE_LGPIO)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("LG_WD", "/elsewhere")
    state, here, fifos = State(tmp_path / "state"), Path.cwd(), []
    for name in ("RPi.GPIO", "RPi"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    def forget():
        for name in ("RPi.GPIO", "RPi"):
            sys.modules.pop(name, None)

    def load(at=here):
        forget()
        open_gpio(PI4, state).close()
        fifos.append(sys.modules["RPi.GPIO"].fifo)
        assert (Path.cwd(), os.environ["LG_WD"]) == (at, "/elsewhere")

    load()
    load()
    assert len({os.fstat(each).st_ino for each in fifos}) == 2 and list(state.run.glob("*lg*")) == []
    monkeypatch.setattr(_fifo, "monotonic_ns", lambda: 7)
    (state.run / f"lgpio-{os.getpid()}-7").touch()
    load()  # where no folder can be made, the gate is closed all the same
    assert (state.run / ".lgd-nfy0").is_fifo()

    def refuses(path, chdir=os.chdir):
        if Path(path) == here:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        chdir(path)

    with monkeypatch.context() as other_user:  # who may not go back there, as in a folder of root: likewise
        other_user.setattr(os, "chdir", refuses)
        load(at=state.run)
    os.chdir(here)
    for each in fifos:
        os.close(each)
    forget()


def test_a_library_that_cannot_watch_says_what_to_install_instead(tmp_path, monkeypatch):
    library = StrictRpi()

    def fails(*arguments, **options):
        raise RuntimeError("Failed to add edge detection")

    library.add_event_detect = fails
    package = types.ModuleType("RPi")
    package.GPIO = library
    monkeypatch.setitem(sys.modules, "RPi", package)
    monkeypatch.setitem(sys.modules, "RPi.GPIO", library)
    chip = open_gpio(PI4, State(tmp_path))
    chip.claim_input(IN, "up", "test")
    with pytest.raises(BoardError, match="install rpi-lgpio"):
        chip.watch([IN], lambda *edge: None)
    chip.close()


def test_a_missing_chip_is_named_by_its_label():
    if list(Path("/dev").glob("gpiochip*")):
        pytest.skip("this machine has GPIO chips")
    with pytest.raises(BoardError, match="no GPIO chip is labelled pinctrl-rp1; there are none"):
        find_chip(("pinctrl-rp1",))


def test_a_profile_with_an_unknown_back_end_names_the_known_ones(tmp_path):
    with pytest.raises(BoardError, match="'wings'; there are gpiod, rpi, sim"):
        open_gpio(dataclasses.replace(PI4, gpio="wings"), State(tmp_path))
