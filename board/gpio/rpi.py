"""RPi.GPIO's API: served by RPi.GPIO itself (up to Pi 4) or by rpi-lgpio (Pi 5 and every newer kernel), whichever is installed.

RPi.GPIO lets several processes drive one pin, so claims are kept in STATE/run/claims besides. Neither library gives a single
output back without floating it (`cleanup` makes it an input without pull): `close` leaves outputs driven until the process ends.
RPi.GPIO raises RuntimeError and ValueError, lgpio below rpi-lgpio an Exception of its own: hence the broad excepts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic_ns
from types import ModuleType

from board.gpio import _chips
from board.gpio._claims import Claims, taker
from board.gpio._fifo import own_folder
from board.gpio._muxes import muxed
from board.kit.errors import BoardError, PinBusy
from board.kit.state import State
from board.kit.words import Text, mark
from board.ports import Gpio, GpioKind
from board.types import BoardProfile

PULLS = {"up": "PUD_UP", "down": "PUD_DOWN", "off": "PUD_OFF"}
EXPORTED = "sysfs"
"""Holds an input of an earlier process: RPi.GPIO watches edges so, and a process that died did not take it back."""
HEADER_LINES = 28
"""GPIO 0 to 27 are on the header."""


class RpiGpio:
    """Claimed header pins, BCM numbers (the port `Gpio`)."""

    def __init__(self, library: ModuleType, claims: Claims, chip: Path | None) -> None:
        self._library = library
        self._claims = claims
        self._chip = chip
        self._given = muxed(chip) if chip else {}
        self._outputs: set[int] = set()
        self._watched: list[int] = []

    def claim_output(self, pin: int, level: bool, owner: str) -> None:
        self._take(pin, owner)
        self._try(
            pin,
            mark("GPIO {pin} cannot become an output: {why}"),
            lambda: self._library.setup(pin, self._library.OUT, initial=int(level)),
        )
        self._outputs.add(pin)

    def claim_input(self, pin: int, pull: str, owner: str) -> None:
        if pull not in PULLS:
            raise BoardError("GPIO {pin}: pull must be up, down or off, not {pull!r}", pin=pin, pull=pull)
        self._take(pin, owner)
        resistor = getattr(self._library, PULLS[pull])
        self._try(
            pin,
            mark("GPIO {pin} cannot become an input: {why}"),
            lambda: self._library.setup(pin, self._library.IN, pull_up_down=resistor),
        )

    def write(self, pin: int, level: bool, hurry: bool = False) -> None:
        if pin not in self._outputs:
            raise BoardError("GPIO {pin} is not claimed as an output by this process", pin=pin)
        try:
            self._library.output(pin, int(level))
        except Exception as why:
            raise BoardError("GPIO {pin} could not be set to {level}: {why}", pin=pin, level=int(level), why=why) from why

    def read(self, pin: int) -> bool:
        if pin not in self._claims:
            raise BoardError("GPIO {pin} is not claimed by this process", pin=pin)
        try:
            return bool(self._library.input(pin))
        except Exception as why:
            raise BoardError("GPIO {pin} could not be read: {why}", pin=pin, why=why) from why

    def watch(self, pins: Sequence[int], on_edge: Callable[[int, bool, int], None]) -> None:
        def report(pin: int) -> None:
            t_ns = monotonic_ns()  # the library hands no time on
            on_edge(pin, bool(self._library.input(pin)), t_ns)

        for pin in pins:
            if pin not in self._claims or pin in self._outputs:
                raise BoardError("GPIO {pin} is not claimed as an input by this process", pin=pin)
            try:
                self._library.add_event_detect(pin, self._library.BOTH, callback=report)
            except Exception as why:
                raise BoardError(
                    "GPIO {pin} reports no edges: {why}; RPi.GPIO cannot watch inputs on kernels from 6.6 on: remove "
                    "it and install rpi-lgpio, which has the same name and can",
                    pin=pin,
                    why=why,
                ) from why
            self._watched.append(pin)

    def close(self) -> None:
        while self._watched:
            self._library.remove_event_detect(self._watched.pop())
        self._outputs.clear()
        self._claims.release()

    def _take(self, pin: int, owner: str) -> None:
        if not 0 <= pin < HEADER_LINES:
            raise BoardError("GPIO {pin} is not on the header, which has 0 to {highest}", pin=pin, highest=HEADER_LINES - 1)
        if pin in self._given:  # the library would take a running bus its pin away
            raise PinBusy("GPIO {pin} is taken by {owner}: switch that off, or take another pin", pin=pin, owner=self._given[pin])
        self._claims.take(pin, f"GPIO {pin}", owner)
        holder = self._holder(pin)
        if holder not in ("", EXPORTED):
            self._claims.give_back(pin)
            raise PinBusy("GPIO {pin} is taken by {owner}", pin=pin, owner=holder)

    def _try(self, pin: int, failed: str, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as why:
            self._claims.give_back(pin)
            if "busy" not in str(why).lower():
                raise BoardError(Text(failed, {"pin": pin, "why": why})) from why
            raise PinBusy("GPIO {pin} is taken by {owner}", pin=pin, owner=self._holder(pin) or Text("another process")) from why

    def _holder(self, pin: int) -> str:
        """As the kernel says: rpi-lgpio knows only that there is one, and RPi.GPIO would share the pin with a driver (of a fan)."""
        return _chips.consumer(self._chip, pin) if self._chip else ""


def _open(profile: BoardProfile, state: State) -> Gpio:
    wrong = [line.name for line in profile.outputs if line.drive != "push-pull"]
    if wrong:
        raise BoardError(
            "{title}: {lines}: RPi.GPIO drives push-pull only; use a transistor, or gpiod",
            title=profile.title,
            lines=wrong,
        )
    chip = _point_to_chip(profile)
    state.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with own_folder(state):
            from RPi import GPIO as library
    except ImportError as why:
        raise BoardError("{title}: no RPi.GPIO is installed ({why}): pip install rpi-lgpio", title=profile.title, why=why) from why
    except (RuntimeError, OSError) as why:
        raise BoardError(
            "{title}: RPi.GPIO does not start: {why}; is it that board, and may this user use it?", title=profile.title, why=why
        ) from why
    try:
        library.setwarnings(False)
        library.setmode(library.BCM)
    except Exception as why:
        raise BoardError(
            "{title}: the GPIO chip does not open: {why}; run as root or in the group gpio", title=profile.title, why=why
        ) from why
    return RpiGpio(library, Claims(state.run / "claims"), chip)


def _point_to_chip(profile: BoardProfile) -> Path | None:
    # rpi-lgpio guesses the chip's number from the board; the label is certain. RPi.GPIO needs no chip.
    try:
        chip = _chips.find_chip(profile.chip_labels)
    except BoardError:
        return None
    os.environ["RPI_LGPIO_CHIP"] = chip.name.removeprefix("gpiochip")
    return chip


def _taken_by(profile: BoardProfile, state: State, pin: int) -> str:
    return taker(state.run / "claims", pin) or _chips.holder(profile.chip_labels, pin)


GPIO = GpioKind("rpi", _open, _taken_by, "RPi.GPIO")
