"""Expanders: makes the pins of I2C expanders ordinary lines of a board, beside those of its own chip (the port `Gpio`).

A missing expander does not stop the board: its outputs cannot be made active (BoardError), a request for rest is remembered, its
inputs keep their last levels. It is looked for every second; when it is back it gets its directions and levels again before
anything else, also after a power loss too short to be noticed. STATE/run/devices holds the state of each one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import field
from time import monotonic, monotonic_ns

from board.devices import DeviceBook
from board.gpio._claims import Claims, taker
from board.i2c import Bus, Expander, ExpanderKind, kind_of, open_device, parse_url
from board.kit.dataclass import dataclass
from board.kit.errors import BoardError, PinBusy
from board.kit.state import State
from board.kit.words import NOTHING, Text
from board.lines import load_polarity, pin_names, rest_levels
from board.ports import Gpio
from board.types import FIRST_EXPANDER_PIN, BoardProfile

log = logging.getLogger("board.expanders")

INPUTS_EVERY_S = 0.02
LOOK_EVERY_S = 1.0


@dataclass(slots=True)
class _Chip:
    """An expander, and how its pins are used."""

    url: str
    title: str
    pulls: tuple[str, ...]
    first_pin: int
    device: Expander | None = None
    bus: Bus | None = None
    outputs: int = 0
    inputs: int = 0
    pull_ups: int = 0
    levels: int = 0
    """Wanted at the outputs."""
    seen: int = 0
    """Last read at the inputs."""
    problem: Text = field(default_factory=lambda: Text("not asked yet"))
    """"" while it answers."""
    look_at: float = 0.0
    watched: dict[int, Callable[[int, bool, int], None]] = field(default_factory=dict)
    """{mask: who hears of its edges}"""


class WithExpanders:
    """`own`: the chip of the board, with its lines only."""

    def __init__(self, own: Gpio, profile: BoardProfile, state: State) -> None:
        self._own = own
        self._profile = profile
        self._state = state
        self._names = pin_names(profile)
        self._claims = Claims(state.run / "expanders")
        self._book = DeviceBook(state, "pins")
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._chips: dict[int, _Chip] = {}
        for index, url in enumerate(profile.i2c):
            kind = kind_of(url)
            if isinstance(kind, ExpanderKind):
                first = FIRST_EXPANDER_PIN * (index + 1)
                self._chips[first] = _Chip(url, str(parse_url(url)), kind.pulls, first)

    def claim_output(self, pin: int, level: bool, owner: str) -> None:
        if pin < FIRST_EXPANDER_PIN:
            self._own.claim_output(pin, level, owner)
            return
        chip, mask = self._claim(pin, owner)
        with self._lock:
            chip.outputs |= mask
            chip.levels = chip.levels | mask if level else chip.levels & ~mask
            self._set_up(chip)
        if chip.problem:
            log.error("%s is not at rest: %s", self._names[pin], chip.problem)

    def claim_input(self, pin: int, pull: str, owner: str) -> None:
        if pin < FIRST_EXPANDER_PIN:
            self._own.claim_input(pin, pull, owner)
            return
        chip = self._chip(pin)
        if pull not in chip.pulls:
            raise BoardError(
                "{line}: an input of a {title} can have the pull {pulls}, not {pull!r}",
                line=self._names[pin],
                title=chip.title,
                pulls=chip.pulls,
                pull=pull,
            )
        chip, mask = self._claim(pin, owner)
        with self._lock:
            chip.inputs |= mask
            if pull == "up":
                chip.pull_ups |= mask
                chip.seen |= mask
            self._set_up(chip)

    def write(self, pin: int, level: bool, hurry: bool = False) -> None:
        if pin < FIRST_EXPANDER_PIN:
            self._own.write(pin, level, hurry)
            return
        chip, mask = self._chip(pin), self._mask(pin)
        if not chip.outputs & mask:
            raise BoardError("{line} (pin {pin}) is not claimed as an output by this process", line=self._names[pin], pin=pin)
        levels = chip.levels | mask if level else chip.levels & ~mask
        with self._lock:
            if not chip.problem and self._reach(chip, lambda device: device.write(levels)):
                chip.levels = levels
                return
            # Rest needs no answer, it is kept for the device's return. Anything else must not happen late, so it does not happen.
            rest = rest_levels(self._profile, load_polarity(self._state, self._profile))[pin]
            if level == rest:
                chip.levels = levels
                return
        raise BoardError("{line}: {problem}", line=self._names[pin], problem=chip.problem)

    def read(self, pin: int) -> bool:
        if pin < FIRST_EXPANDER_PIN:
            return self._own.read(pin)
        chip, mask = self._chip(pin), self._mask(pin)
        if chip.outputs & mask:
            return bool(chip.levels & mask)
        if chip.inputs & mask:
            return bool(chip.seen & mask)
        raise BoardError("{line} (pin {pin}) is not claimed by this process", line=self._names[pin], pin=pin)

    def watch(self, pins: Sequence[int], on_edge: Callable[[int, bool, int], None]) -> None:
        own = [pin for pin in pins if pin < FIRST_EXPANDER_PIN]
        for pin in pins:
            if pin >= FIRST_EXPANDER_PIN:
                if not self._chip(pin).inputs & self._mask(pin):
                    raise BoardError(
                        "{line} (pin {pin}) is not claimed as an input by this process", line=self._names[pin], pin=pin
                    )
                self._chip(pin).watched[self._mask(pin)] = on_edge
        self._own.watch(own, on_edge)

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=2)
        for chip in self._chips.values():
            self._close(chip)
        self._book.close()
        self._claims.release()
        self._own.close()

    def _chip(self, pin: int) -> _Chip:
        chip = self._chips.get(pin - pin % FIRST_EXPANDER_PIN)
        if chip is None or pin not in self._names:
            raise BoardError("this board has no pin {pin}; it has {pins}", pin=pin, pins=sorted(self._names))
        return chip

    def _mask(self, pin: int) -> int:
        return 1 << pin % FIRST_EXPANDER_PIN

    def _claim(self, pin: int, owner: str) -> tuple[_Chip, int]:
        """A chip belongs to one process as a whole: a byte on the bus moves all its pins."""
        chip, mask = self._chip(pin), self._mask(pin)
        if (chip.outputs | chip.inputs) & mask:
            raise PinBusy("{line} (pin {pin}) is taken by this process", line=self._names[pin], pin=pin)
        if chip.first_pin not in self._claims:
            self._claims.take(chip.first_pin, f"{self._names[pin]}, {chip.title}", owner)
        if self._thread is None:
            self._thread = threading.Thread(target=self._supervise, name="expanders", daemon=True)
            self._thread.start()
        return chip, mask

    # --- with the lock ------------------------------------------------------------------------------------------------

    def _set_up(self, chip: _Chip) -> None:
        """Opens the chip if need be, sets it up and reads it; `problem` says how it went."""
        if chip.device is None and not self._open(chip):
            return
        if self._reach(chip, lambda device: device.set_up(chip.outputs, chip.pull_ups, chip.levels)):
            self._read(chip)

    def _open(self, chip: _Chip) -> bool:
        try:
            device, chip.bus = open_device(chip.url, self._state)
        except BoardError as why:
            chip.problem = why.text
            return False
        chip.device = device  # type: ignore[assignment]  # the kind of this URL is an expander's
        return True

    def _close(self, chip: _Chip) -> None:
        if chip.bus is not None:
            chip.bus.close()
        chip.device = chip.bus = None

    def _read(self, chip: _Chip) -> None:
        read: list[int] = []
        if not self._reach(chip, lambda device: read.append(device.read())):
            return
        changed = (read[0] ^ chip.seen) & chip.inputs
        chip.seen = read[0]
        t_ns = monotonic_ns()
        for mask, on_edge in chip.watched.items():
            if changed & mask:
                on_edge(chip.first_pin + mask.bit_length() - 1, bool(read[0] & mask), t_ns)

    def _reach(self, chip: _Chip, act: Callable[[Expander], object]) -> bool:
        assert chip.device is not None
        try:
            act(chip.device)
        except BoardError as why:
            chip.problem = why.text
            return False
        chip.problem = NOTHING
        return True

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _supervise(self) -> None:
        every_s = INPUTS_EVERY_S if any(line.pin >= FIRST_EXPANDER_PIN for line in self._profile.inputs) else LOOK_EVERY_S / 2
        while not self._stop.wait(every_s):
            for chip in self._chips.values():
                with self._lock:
                    if not chip.outputs | chip.inputs:
                        continue
                    self._look_after(chip)
                    problem = chip.problem
                # Without the lock: a slow card must not hold up the thread that ends pulses.
                self._book.report(chip.title, problem)

    def _look_after(self, chip: _Chip) -> None:
        now = monotonic()
        if now >= chip.look_at:
            chip.look_at = now + LOOK_EVERY_S
            if chip.problem:
                self._close(chip)  # a USB adapter that was pulled is back as another one, of which the open file knows nothing
                self._set_up(chip)
                return
            kept: list[bool] = []
            if self._reach(chip, lambda device: kept.append(device.is_set_up())) and not kept[0]:
                log.error("%s had lost its set-up, as after a loss of power: it is set up again", chip.title)
                self._set_up(chip)
        if chip.inputs and not chip.problem:
            self._read(chip)


def has_expander_lines(profile: BoardProfile) -> bool:
    return any(pin >= FIRST_EXPANDER_PIN for pin in pin_names(profile))


def expander_taken_by(state: State, pin: int) -> str:
    """Who has the expander that `pin` is on, "" when nobody has."""
    return taker(state.run / "expanders", pin - pin % FIRST_EXPANDER_PIN)
