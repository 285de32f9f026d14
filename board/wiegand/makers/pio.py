"""pio: pulses made by the PIO of a Pi 5's RP1 chip, exact to the microsecond whatever the processor does: `pio:`, `pio:/dev/pio0`.

Speaks to the kernel's rp1-pio driver by ioctl (raspberrypi/linux, include/uapi/misc/rp1_pio_if.h). A port takes two of the chip's
four state machines. One makes the pulses: it has the whole frame in its FIFO before it starts. The other looks at both wires once
a microsecond and hands over every change: that is how a frame's own edges are checked. The changes are fetched word by word: by
DMA, kernels up to 2026 repeat words that come slowly (raspberrypi/linux, issue 7540).

Between frames both wires belong to the board's GPIO back end, which claimed them; to the PIO only during a frame. When the driver
is not there or refuses, the frame is made by busy-wait.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import struct
import threading
from time import monotonic, sleep
from urllib.parse import urlsplit

from board.kit.dataclass import dataclass
from board.kit.errors import BoardError
from board.ports import Gpio
from board.types import WiegandCode, WiegandLine
from board.wiegand.heard import Change, judge
from board.wiegand.makers._kind import MakerKind
from board.wiegand.makers.busy import BusyMaker
from board.wiegand.pulses import FrameTiming, inside_us

log = logging.getLogger("pins.wiegand")

DEVICE = "/dev/pio0"
LAST_GPIO = 27
SYS_RIO, PIO = 5, 7
"""Functions of a GPIO: the ordinary input or output of the kernel's drivers, the PIO."""
ANY = 0xFFFF

CHIP_MHZ = 200
SAMPLE_US = 1
"""A reported time may be off by one sample."""
LATE_S = 0.1
"""Longer than this after its planned end, no change is waited for."""
LISTEN_S = 0.005
"""Longest pause between two looks at the changes. Sixteen can wait in the chip, those of eight pulses; a pause is two periods."""

MAKE = (
    0x60C0,  #  0  out isr, 32             width - MAKE_WIDTH_US; side-set writes D1, set writes D0: no other pin is ever driven
    0x6040,  #  1  out y, 32               pause
    0x6021,  #  2  next: out x, 1          is there another bit? When the FIFO is empty it waits here, both wires at rest
    0x0022,  #  3  jmp !x, next            no: these only fill a word
    0x6021,  #  4  out x, 1                which?
    0x0027,  #  5  jmp !x, zero
    0x1808,  #  6  jmp width     side 1    a pulse on D1 begins ...
    0xE001,  #  7  zero: set pins, 1       ... or one on D0, in the same cycle
    0xA026,  #  8  width: mov x, isr
    0x0049,  #  9  here: jmp x--, here
    0xF000,  # 10  set pins, 0   side 0    the end of both
    0xA022,  # 11  mov x, y
    0x004C,  # 12  here: jmp x--, here
)
MAKE_NEXT = 2
MAKE_WIDTH_US, MAKE_PAUSE_US = 3, 7
"""What the instructions take besides counting down, one microsecond each."""
REST_HIGH = {6: 0x0800, 7: 0x0001, 10: 0x0801}
"""{instruction of `MAKE`: bits that are the other way round on a line that rests high}"""

LISTEN = (
    0x00C3,  #  0  look: jmp pin, high     D1; every way through takes 20 cycles
    0xA0C3,  #  1  mov isr, null
    0x0004,  #  2  jmp both
    0xA1CB,  #  3  high: mov isr, ~null [1]
    0x4001,  #  4  both: in pins, 1        D0: now the ISR ends in D1, D0
    0xA0E1,  #  5  mov osr, x              X counts down, one a look; it makes room for the comparison
    0xA026,  #  6  mov x, isr
    0x00A9,  #  7  jmp x!=y, changed       Y: as they were
    0x010B,  #  8  jmp on [1]
    0xA041,  #  9  changed: mov y, x
    0x40FE,  # 10  in osr, 30              with these 31 bits the ISR is handed over: D1, D0, count
    0xA927,  # 11  on: mov x, osr [9]
    0x0040,  # 12  jmp x--, look
)
LISTEN_START = 11
"""The first look comes half a microsecond after the start, as all edges come on whole ones."""
LISTEN_CYCLES = 20
NO_LEVELS = 0xE042
"""`set y, 2`: unlike any levels, so that the first look is handed over as a change: where the count began."""
COUNT_BITS = 30

ADVICE = {
    errno.ENOENT: "only a Pi 5 has it; update its bootloader and kernel (rpi-eeprom-update -a, apt full-upgrade)",
    errno.EOPNOTSUPP: "update the bootloader and the kernel (rpi-eeprom-update -a, apt full-upgrade)",
    errno.EACCES: 'group gpio must have it (udev: SUBSYSTEM=="*-pio", GROUP="gpio", MODE="0660"), and this user be in the group',
}
ADVICE_ELSE = f"does another program use it? A port takes 2 of 4 state machines and {len(MAKE + LISTEN)} of 32 instructions"


@dataclass(frozen=True, slots=True)
class _Op:
    """A request of the driver. `args`: its struct; `answers`: coded as one that is read back."""

    name: str
    number: int
    args: struct.Struct
    answers: bool = False

    @property
    def code(self) -> int:
        return (3 if self.answers else 1) << 30 | self.args.size << 16 | 102 << 8 | self.number


ADD_PROGRAM = _Op("ADD_PROGRAM", 11, struct.Struct("<34H"))
SM_CLAIM = _Op("SM_CLAIM", 20, struct.Struct("<H"))
SM_INIT = _Op("SM_INIT", 30, struct.Struct("<2H4I"))
SM_EXEC = _Op("SM_EXEC", 32, struct.Struct("<2H2B"))
SM_CLEAR_FIFOS = _Op("SM_CLEAR_FIFOS", 33, struct.Struct("<H"))
SM_SET_PINS = _Op("SM_SET_PINS", 35, struct.Struct("<2H2I"))
SM_SET_PINDIRS = _Op("SM_SET_PINDIRS", 36, struct.Struct("<2H2I"))
SM_SET_ENABLED = _Op("SM_SET_ENABLED", 37, struct.Struct("<H2B"))
SM_RESTART = _Op("SM_RESTART", 38, struct.Struct("<H"))
SM_ENABLE_SYNC = _Op("SM_ENABLE_SYNC", 40, struct.Struct("<H"))
SM_PUT = _Op("SM_PUT", 41, struct.Struct("<H2BI"))
SM_GET = _Op("SM_GET", 42, struct.Struct("<H2BI"), answers=True)
SM_FIFO_STATE = _Op("SM_FIFO_STATE", 44, struct.Struct("<H2BH2B"))
GPIO_SET_FUNCTION = _Op("GPIO_SET_FUNCTION", 51, struct.Struct("<2H"))
"""No request may block in the chip ("blocking" is always 0): one that does blocks the chip's firmware for everybody."""


class PioMaker:
    """One port. Opens the device when it is first needed, and again after an error."""

    def __init__(self, line: WiegandLine, gpio: Gpio) -> None:
        self._line = line
        self._gpio = gpio
        self._instead = BusyMaker(line, gpio)
        parts = urlsplit(line.maker)
        if parts.netloc or parts.query or parts.fragment or not (parts.path or DEVICE).startswith("/"):
            raise BoardError(
                "{name}: {maker!r} names no PIO: write pio: or pio:{device}", name=line.name, maker=line.maker, device=DEVICE
            )
        if line.d0 == line.d1 or not 0 <= min(line.d0, line.d1) <= max(line.d0, line.d1) <= LAST_GPIO:
            raise BoardError(
                "{name}: the PIO makes pulses on two of GPIO 0 to {highest}, not on {d0} and {d1}",
                name=line.name,
                highest=LAST_GPIO,
                d0=line.d0,
                d1=line.d1,
            )
        self._path = parts.path or DEVICE
        self._chip: _Rp1 | None = None
        self._lent = False
        """The wires may belong to the PIO: an error kept them from being taken back."""

    def send(self, code: WiegandCode, width_us: int, period_us: int, stop: threading.Event) -> FrameTiming:
        """At most 224 bits, which fill the FIFO's 16 words. `period_us`: MIN_PERIOD_US to MAX_PERIOD_US."""
        width_us = inside_us(width_us)
        if stop.is_set():
            return FrameTiming((), (), 0.0, False)
        try:
            chip = self._opened()
        except OSError as why:
            if self._lent:  # nothing that is written to the pins would reach the wires
                raise BoardError(
                    "{name}: the PIO still holds the wires ({why}): restart the board", name=self._line.name, why=why
                ) from why
            advice = ADVICE.get(why.errno or 0, ADVICE_ELSE)
            log.warning("%s: no PIO at %s (%s; %s): made by busy-wait", self._line.name, self._path, why, advice)
            return self._instead.send(code, width_us, period_us, stop)
        try:
            changes = self._play(chip, code, width_us, period_us, stop)
        except OSError as why:  # what was sent is not known: a bad frame, and its repetition finds the PIO or busy-wait
            log.warning("%s: the PIO failed within a frame: %s", self._line.name, why)
            self.close()
            for pin in (self._line.d0, self._line.d1):
                self._gpio.write(pin, not self._line.active_high)
            return FrameTiming((), (), 0.0, False)
        return judge(self._line, code, changes, width_us, period_us, SAMPLE_US)

    def close(self) -> None:
        if self._chip is not None:
            self._chip.close()
            self._chip = None
        if self._lent:
            try:
                _Rp1(self._path, self._line).close()
                self._lent = False
            except OSError as why:
                log.error("%s: the PIO has kept the wires: %s", self._line.name, why)

    def _opened(self) -> _Rp1:
        if self._chip is None:
            chip = _Rp1(self._path, self._line)
            self._lent = False
            chip.claim()
            self._chip = chip
        return self._chip

    def _play(self, chip: _Rp1, code: WiegandCode, width_us: int, period_us: int, stop: threading.Event) -> list[Change]:
        chip.load(_words(code, width_us, period_us))
        self._lent = True
        try:
            chip.start()
            words = self._listen(chip, 1 + 2 * code.bits, period_us / 1e6, code.bits * period_us / 1e6, stop)
        finally:  # at once, however it ended: a frame that failed ends in the middle of a pulse
            chip.give_back()
            self._lent = False
        return self._changes(words)

    def _listen(self, chip: _Rp1, count: int, period_s: float, length_s: float, stop: threading.Event) -> list[int]:
        """`count` words of `LISTEN`; fewer when no more came in time. A `stop` meanwhile does not shorten the frame."""
        words: list[int] = []
        pause_s = min(2 * period_s, LISTEN_S)
        until = monotonic() + length_s + LATE_S
        while len(words) < count:
            if found := chip.heard():
                words += found
            elif monotonic() > until:
                break
            elif stop.wait(pause_s):
                sleep(pause_s)
        return words

    def _changes(self, words: list[int]) -> list[Change]:
        pins = (self._line.d0, self._line.d1)
        levels = [not self._line.active_high] * 2
        begun = words[0] if words else 0
        changes = []
        for word in words:
            at_us = (begun - word) % (1 << COUNT_BITS) * SAMPLE_US
            for place, pin in enumerate(pins):
                level = bool(word >> COUNT_BITS + place & 1)
                if level != levels[place]:
                    changes.append(Change(at_us, pin, level))
                    levels[place] = level
        return changes


class _Rp1:
    """The open device, for one line. Every error is an OSError; one before `load` closes it."""

    def __init__(self, path: str, line: WiegandLine) -> None:
        self._pins = (line.d0, line.d1)
        self._rest_high = not line.active_high
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            self._to(SYS_RIO)  # a frame that an error ended may have left them with the PIO
        except OSError:
            self.close()
            raise

    def claim(self) -> None:
        """Takes two state machines and loads their programs."""
        turned = REST_HIGH if self._rest_high else {}
        try:
            self._maker, self._listener = (self._ask(SM_CLAIM, 0)[0] for _ in range(2))
            self._both = 1 << self._maker | 1 << self._listener
            self._make = self._add([word ^ turned.get(place, 0) for place, word in enumerate(MAKE)])
            self._look = self._add(list(LISTEN))
        except OSError:
            self.close()
            raise

    def load(self, words: list[int]) -> None:
        """Sets both machines back to their beginning, at rest, with a frame to send."""
        d0, d1 = self._pins
        maker = (  # the layout of the RP2040's registers CLKDIV, EXECCTRL, SHIFTCTRL, PINCTRL; data shifts to the left
            CHIP_MHZ << 16,
            1 << 30 | self._make + len(MAKE) - 1 << 12 | self._make + MAKE_NEXT << 7,  # side-set is optional; wrap
            1 << 30 | 1 << 17,  # all of the FIFO is for sending; pulled by itself
            2 << 29 | 1 << 26 | d1 << 10 | d0 << 5,  # side-set and set have a pin each
        )
        listener = (
            CHIP_MHZ // LISTEN_CYCLES * SAMPLE_US << 16,
            d1 << 24 | self._look + len(LISTEN) - 1 << 12 | self._look << 7,  # jmp pin; wrap
            1 << 31 | COUNT_BITS + 1 << 20 | 1 << 16,  # all of the FIFO is for receiving; pushed by itself
            d0 << 15,  # in pins
        )
        self._ask(SM_SET_ENABLED, self._both, 0, 0)
        for machine in (self._maker, self._listener):
            self._ask(SM_CLEAR_FIFOS, machine)  # first: whatever is executed pulls what a frame that was cut off has left
        self._ask(SM_RESTART, self._both)
        self._ask(SM_INIT, self._maker, self._make, *maker)
        self._ask(SM_INIT, self._listener, self._look + LISTEN_START, *listener)
        self._ask(SM_EXEC, self._listener, NO_LEVELS, 0, 0)
        wires = 1 << d0 | 1 << d1
        self._ask(SM_SET_PINS, self._maker, 0, wires if self._rest_high else 0, wires)
        self._ask(SM_SET_PINDIRS, self._maker, 0, wires, wires)
        for word in words:
            self._ask(SM_PUT, self._maker, 0, 0, word)

    def start(self) -> None:
        """Takes the wires, at the level that they have, and lets both machines go in step."""
        self._to(PIO)
        self._ask(SM_ENABLE_SYNC, self._both)

    def heard(self) -> list[int]:
        """What waits in the listener's FIFO."""
        level = self._ask(SM_FIFO_STATE, self._listener, 0, 0, 0, 0, 0)[4]
        return [self._ask(SM_GET, self._listener, 0, 0, 0)[-1] for _ in range(level)]

    def give_back(self) -> None:
        """The wires are the GPIO back end's again, which has kept them at rest; both machines stop."""
        self._to(SYS_RIO)
        self._ask(SM_SET_ENABLED, self._both, 0, 0)

    def close(self) -> None:
        """The driver takes machines and programs back."""
        os.close(self._file)

    def _to(self, function: int) -> None:
        for pin in self._pins:
            self._ask(GPIO_SET_FUNCTION, pin, function)

    def _add(self, program: list[int]) -> int:
        """Where it begins; the same program of another port is shared."""
        return self._ask(ADD_PROGRAM, len(program), ANY, *program, *[0] * (32 - len(program)))[0]

    def _ask(self, op: _Op, *values: int) -> tuple[int, ...]:
        """What the driver returns, and after it the fields of the struct as it left them."""
        args = bytearray(op.args.pack(*values))
        try:
            result = fcntl.ioctl(self._file, op.code, args, True)
        except OSError as why:
            raise OSError(why.errno, f"{op.name} fails: {why.strerror}") from why
        return (result, *op.args.unpack(args))


def _words(code: WiegandCode, width_us: int, period_us: int) -> list[int]:
    """A frame for `MAKE`: of every bit a 1 and the bit itself, most significant first; zeros fill the first word up."""
    symbols = 0
    for place in reversed(range(code.bits)):
        symbols = symbols << 2 | 0b10 | code.value >> place & 1
    count = -(-2 * code.bits // 32)
    words = [symbols >> 32 * place & 0xFFFFFFFF for place in reversed(range(count))]
    return [width_us - MAKE_WIDTH_US, period_us - width_us - MAKE_PAUSE_US, *words]


MAKER = MakerKind("pio", PioMaker)
