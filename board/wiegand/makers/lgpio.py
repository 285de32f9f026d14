"""lgpio: waves that lgpio's own thread plays on both wires at once, heard by two inputs: `lgpio:?hear=5,6`, any Raspberry Pi.

`hear`: two inputs of the same chip, wired through 1 kOhm each to D0 and D1 in that order: lgpio reports no edges of its own
outputs, and a frame that nobody heard cannot be judged. `&chip=pinctrl-rp1`: the chip's label, where it is none of a Raspberry Pi's
header.

As lgpio 0.2.2 does it (joan2937/lg, lgPthTx.c and lgGpio.c): a thread in C, as old as the first opened chip and with the rank of
whoever opened it, sleeps to absolute deadlines and writes both wires of a group in one call. It wakes 50 times a second, so a wave
begins up to 20 ms late. Only giving the lines back ends a wave, and a wire without an owner floats: so a frame that began is played
to its end, whatever happens. An output is never read here: reading writes into what the thread writes from.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from board.gpio import _chips
from board.gpio._muxes import muxed
from board.kit.errors import BoardError, PinBusy
from board.ports import Gpio
from board.types import WiegandCode, WiegandLine
from board.wiegand.heard import Change, judge
from board.wiegand.makers._kind import ChipLines, MakerKind, PulseMaker
from board.wiegand.pulses import INSIDE_US, MAX_PERIOD_US, MIN_PERIOD_US, WRITE_US, FrameTiming, bit_pins, inside_us

log = logging.getLogger("pins.wiegand")

HEADER_LABELS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")
"""Chips of the headers of all Raspberry Pis: a board has one of them."""

OPTIONS = {"hear", "chip"}
BOTH = 0b11
"""Bit 0 of a wave's masks is D0, bit 1 is D1: the places of the lines in their group."""

LAG_S = 0.02
"""The thread sees a new wave when it next wakes."""

HEAR_S = 1.0
"""How long an edge may take from the kernel to here (lgpio gathers them for half a millisecond), and a wave beyond its length."""

SETTLE_S = 0.01
"""By then the edges that the claim itself made have been told, to nobody."""

POLL_S = 0.002
UNSURE_US = 10
"""The kernel tells the time of an edge when it takes the interrupt, some microseconds later."""

ONE_WAVE = threading.Lock()
"""One wave at a time in the process, as there is one thread in lgpio: when it throws an ended wave away it forgets those behind it
for 20 ms, makes up for them by pulses without a width, and may ask for a time before zero, which it then does for ever."""


def chip_lines(line: WiegandLine) -> ChipLines:
    """What the URL of `line` says. BoardError: it names no two inputs, or something unknown."""
    given = parse_qs(urlsplit(line.maker).query, keep_blank_values=True)
    unknown = sorted(set(given) - OPTIONS)
    if unknown:
        raise BoardError(
            "{name}: {maker!r} has the option {unknown}; lgpio: takes hear and chip",
            name=line.name,
            maker=line.maker,
            unknown=unknown,
        )
    if "hear" not in given:
        raise BoardError(
            "{name}: lgpio reports no edges of its own outputs, so that no frame could be checked: name two inputs that are "
            "wired to D0 and D1 (lgpio:?hear=5,6)",
            name=line.name,
        )
    texts = given["hear"][-1].split(",")
    pins = tuple(int(text) for text in texts if text.isascii() and text.isdigit())
    if len(texts) != 2 or len(set(pins)) != 2:
        raise BoardError(
            "{name}: {maker!r}: hear must be two line numbers, for D0 and D1 (hear=5,6)", name=line.name, maker=line.maker
        )
    return ChipLines(tuple(given.get("chip", HEADER_LABELS)), pins)


class LgpioMaker:
    """One port: its wires and the inputs that hear them are claimed from here to the end of the process. BoardError: a line is not
    to be had; PinBusy: a wire is taken. `library`: the module lgpio; `chip`: /dev/gpiochipN."""

    heard: tuple[Change, ...]
    """The edges of the last frame, each by the wire that it was heard of."""

    def __init__(self, line: WiegandLine, hear: tuple[int, ...], library: Any, chip: Path) -> None:
        self.heard = ()
        self._line = line
        self._library = library
        self._chip = chip
        self._wires = dict(zip(hear, (line.d0, line.d1), strict=True))
        """{hearing input: its wire}"""
        self._edges: list[Change] = []
        self._news = threading.Condition()
        self._rest = 0 if line.active_high else BOTH
        try:
            self._handle = library.gpiochip_open(int(chip.name.removeprefix("gpiochip")))
        except library.error as why:
            raise BoardError(
                "{name}: lgpio does not open {chip}: {why}; run as root or in the group gpio", name=line.name, chip=chip, why=why
            ) from why
        try:
            self._claim()
        except BoardError:
            library.gpiochip_close(self._handle)  # the wires come last: none of them is let go by this
            raise
        time.sleep(SETTLE_S)
        self._callbacks = [library.callback(self._handle, pin, library.BOTH_EDGES, self._take_edge) for pin in hear]

    def send(self, code: WiegandCode, width_us: int, period_us: int, stop: threading.Event) -> FrameTiming:
        """As for every maker: a frame that began is played to its end and judged, whatever `stop` says; no other begins then."""
        width_us = inside_us(width_us)
        period_us = min(max(period_us, MIN_PERIOD_US + WRITE_US), MAX_PERIOD_US - 10 * INSIDE_US)
        driven = bit_pins(self._line, code)
        self.heard = ()
        with ONE_WAVE:
            if stop.is_set():
                return FrameTiming((), (), 0.0, False)
            self._play([0b10 if pin == self._line.d1 else 0b01 for pin in driven], width_us, period_us)
        self.heard = self._listen(2 * code.bits)
        if [change.pin for change in self.heard if change.level == self._line.active_high] != driven:
            d0, d1 = self._wires
            log.warning(
                "%s: the wires were not heard as they were driven, %d of %d edges: is GPIO %d wired to D0 and GPIO %d to D1?",
                self._line.name, len(self.heard), 2 * code.bits, d0, d1,
            )  # fmt: skip
        return judge(self._line, code, self.heard, width_us, period_us, UNSURE_US)

    def close(self) -> None:
        """Stops listening. The wires stay claimed and at rest until the process ends: given back, they would float."""
        while self._callbacks:
            self._callbacks.pop().cancel()

    def release(self) -> None:
        """Gives all lines back, on a bench, where no panel minds that they float then."""
        self.close()
        self._library.gpiochip_close(self._handle)

    # --- claims -------------------------------------------------------------------------------------------------------

    def _claim(self) -> None:
        library, line = self._library, self._line
        count = self._ask(lambda: library.gpio_get_chip_info(self._handle)[1])
        given = muxed(self._chip)
        pins = (*self._wires, line.d0, line.d1)
        for pin in pins:
            if not 0 <= pin < count:
                raise BoardError(
                    "{name}: {chip} has no line {pin}; it has 0 to {highest}",
                    name=line.name,
                    chip=self._chip,
                    pin=pin,
                    highest=count - 1,
                )
            if pin in given:  # as in board/gpio/rpi.py: a running bus would lose its pin
                raise BoardError("GPIO {pin} is taken by {owner}: switch that off, or take another pin", pin=pin, owner=given[pin])
        # Towards rest, so that an input whose wire came off is quiet.
        pull = library.SET_PULL_DOWN if line.active_high else library.SET_PULL_UP
        for pin in self._wires:
            self._try([pin], BoardError, partial(library.gpio_claim_alert, self._handle, pin, library.BOTH_EDGES, pull))
        level = int(not line.active_high)
        wires = [line.d0, line.d1]
        self._try(wires, PinBusy, partial(library.group_claim_output, self._handle, wires, [level, level]))

    def _try(self, pins: list[int], taken: type[BoardError], claim: Callable[[], object]) -> None:
        try:
            claim()
        except self._library.error as why:
            owners = {pin: _chips.consumer(self._chip, pin) for pin in pins}  # lgpio does not say why, the kernel knows who
            held = [f"GPIO {pin} is taken by {owner}" for pin, owner in owners.items() if owner]
            if not held and "busy" in str(why).lower():
                held = [f"GPIO {' or '.join(map(str, pins))} is taken by another process"]
            if held:
                raise taken(f"{self._line.name}: {' and '.join(held)}") from why
            raise BoardError("{name}: GPIO {pins} cannot be claimed: {why}", name=self._line.name, pins=pins, why=why) from why

    # --- a frame ------------------------------------------------------------------------------------------------------

    def _play(self, bits: list[int], width_us: int, period_us: int) -> None:
        """Returns when the wave is over. BoardError: it was not begun."""
        library, rest = self._library, self._rest
        wave = []
        for bit in bits:
            wave.append(library.pulse(rest ^ bit, BOTH, width_us))
            wave.append(library.pulse(rest, BOTH, period_us - width_us))
        with self._news:
            self._edges.clear()
        if self._busy():
            raise BoardError(
                "{name}: lgpio is still sending the frame before", name=self._line.name
            )  # it would play this one after that
        self._ask(lambda: library.tx_wave(self._handle, self._line.d0, wave))
        # Not asked before the end: an answer takes the lock that the playing thread needs.
        time.sleep(len(bits) * period_us / 1e6 + LAG_S)
        until = time.monotonic() + HEAR_S
        while self._busy():
            if time.monotonic() > until:
                log.error("%s: lgpio does not end its wave", self._line.name)  # what was heard of it decides
                return
            time.sleep(POLL_S)

    def _busy(self) -> bool:
        return bool(self._ask(lambda: self._library.tx_busy(self._handle, self._line.d0, self._library.TX_WAVE)))

    def _ask(self, question: Callable[[], int]) -> int:
        try:
            return question()
        except self._library.error as why:
            raise BoardError("{name}: lgpio refuses: {why}", name=self._line.name, why=why) from why

    def _listen(self, count: int) -> tuple[Change, ...]:
        """All edges of the wave, oldest first; fewer than `count` when no more came in time."""
        with self._news:
            self._news.wait_for(lambda: len(self._edges) >= count, HEAR_S)
            return tuple(sorted(self._edges, key=lambda change: change.at_us))

    def _take_edge(self, chip: int, pin: int, level: int, t_ns: int) -> None:
        """From lgpio's thread. `t_ns`: the kernel's; `level` 2 is lgpio's watchdog, no edge."""
        if level not in (0, 1):
            return
        with self._news:
            self._edges.append(Change(t_ns / 1000, self._wires[pin], level == 1))
            self._news.notify()


def _open(line: WiegandLine, gpio: Gpio) -> PulseMaker:
    own = chip_lines(line)
    chip = _chips.find_chip(own.chip_labels)
    try:
        import lgpio
    except ImportError as why:
        raise BoardError("{name}: lgpio is not installed ({why}): pip install lgpio", name=line.name, why=why) from why
    except OSError as why:
        raise BoardError(
            "{name}: lgpio does not start: {why}; it makes a FIFO in the folder that LG_WD names", name=line.name, why=why
        ) from why
    return LgpioMaker(line, own.inputs, lgpio, chip)


MAKER = MakerKind("lgpio", _open, claims_wires=True, lines=chip_lines)
