"""Twins: simulated I2C chips at register level, as strict as the chips; they lie in STATE/sim/i2c and outlive processes.

One file per plugged chip, `BUS-ADDRESS.json`: {"kind", "registers", "pointer", "outside", "driver"}. `outside`: levels that
contacts give the pins of an expander; `driver`: the name of a kernel driver that has the chip, "" for none. No file: nothing
acknowledges. Each transfer reads and writes that file under a lock, so that `python -m board sim i2c ...` pulls and plugs chips
while they are used.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, field
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.errors import BoardError
from board.kit.files import open_shared, write_whole
from board.kit.from_json import from_json
from board.kit.state import State

HELD = "held"
"""A file of this name: somebody holds the bus low."""


@dataclass(slots=True)
class Chip:
    """The state of one chip."""

    kind: str
    registers: list[int]
    pointer: int = 0
    outside: int = 0xFFFF
    driver: str = ""
    log: list[list[int]] = field(default_factory=list)
    """The last writes, bytes of the wire after the address, newest last."""


@dataclass(frozen=True, slots=True)
class Model:
    """How a chip behaves. `power_on`: its registers; `write(chip, data)`, `read(chip) -> byte`: after its address, one byte on."""

    power_on: tuple[int, ...]
    write: Callable[[Chip, list[int]], None]
    read: Callable[[Chip], int]


# --- chips ----------------------------------------------------------------------------------------------------------


def _pcf8574_write(chip: Chip, data: list[int]) -> None:
    for value in data:  # every byte is the port; the last one stays (NXP, 8.2)
        chip.registers[0] = value


def _pcf8574_read(chip: Chip) -> int:
    return chip.registers[0] & chip.outside & 0xFF  # a 0 in the latch or outside pulls the pin low (NXP, 8.1)


def _ds3231_write(chip: Chip, data: list[int]) -> None:
    chip.pointer = data[0] % 19 if data else chip.pointer
    for value in data[1:]:
        at = chip.pointer
        if at == 0x0F:  # OSF and the alarm flags can only be cleared; BSY is the chip's own
            kept = chip.registers[at]
            chip.registers[at] = (kept & value & 0x83) | (value & 0x08) | (kept & 0x04)
        elif at not in (0x11, 0x12):  # the temperature is read only
            chip.registers[at] = value & DS3231_BITS.get(at, 0xFF)
        chip.pointer = (at + 1) % 19  # wraps behind 12h


DS3231_BITS = {0: 0x7F, 1: 0x7F, 2: 0x7F, 3: 0x07, 4: 0x3F, 5: 0x9F}
"""Bits of the time registers that exist (figure 1); the others read 0."""


def _ds3231_read(chip: Chip) -> int:
    value = chip.registers[chip.pointer]
    chip.pointer = (chip.pointer + 1) % 19
    return value


LM75_WORDS = {0: (0, 1), 1: (2, 2), 2: (3, 4), 3: (5, 6)}
"""Pointer -> its first and last byte among the registers; the configuration is one byte."""


def _lm75_write(chip: Chip, data: list[int]) -> None:
    if not data:
        return
    chip.pointer = (data[0] & 0x03) << 8  # the high byte of ours says which register, the low byte how far it was read
    first, last = LM75_WORDS[data[0] & 0x03]
    if data[0] & 0x03:  # the temperature is read only
        for at, value in enumerate(data[1 : 2 + last - first]):
            chip.registers[first + at] = value & (0x1F if first == last else 0xFF if at == 0 else 0x80)


def _lm75_read(chip: Chip) -> int:
    which, count = chip.pointer >> 8, chip.pointer & 0xFF
    first, last = LM75_WORDS[which]
    chip.pointer = (which << 8) | (count + 1) & 0xFF
    return chip.registers[first + count % (last - first + 1)]


def _mcp23017_write(chip: Chip, data: list[int]) -> None:
    chip.pointer = data[0] % 22 if data else chip.pointer
    for value in data[1:]:
        at = chip.pointer
        if at in (0x12, 0x13):
            chip.registers[at + 2] = value  # a write to GPIO goes to the latch
        elif at in (0x0A, 0x0B):
            chip.registers[0x0A] = chip.registers[0x0B] = value & 0xFE  # IOCON is one register; bit 0 reads 0
        elif at not in (0x0E, 0x0F, 0x10, 0x11):  # INTF and INTCAP are read only
            chip.registers[at] = value
        chip.pointer = (at + 1) % 22


def _mcp23017_read(chip: Chip) -> int:
    at = chip.pointer
    chip.pointer = (at + 1) % 22
    if at not in (0x12, 0x13):
        return chip.registers[at]
    port = at - 0x12
    inputs = chip.registers[port]
    outside = chip.outside >> (8 * port) & 0xFF
    levels = (outside & inputs) | (chip.registers[0x14 + port] & ~inputs & 0xFF)
    return levels ^ (chip.registers[0x02 + port] & inputs)


MODELS = {
    # All ports high after power-on (NXP PCF8574, 8.1)
    "pcf8574": Model((0xFF,), _pcf8574_write, _pcf8574_read),
    # 1st January 2000 00:00:00, oscillator stop flag set, 32 kHz output and INTCN on (Maxim DS3231, figure 1 and text); 25 degrees
    "ds3231": Model((0, 0, 0, 1, 1, 1, 0, *[0] * 7, 0x1C, 0x88, 0, 0x19, 0), _ds3231_write, _ds3231_read),
    # 25 degrees; configuration 0; hysteresis 75, limit 80 degrees (National LM75, 1.12 to 1.14)
    "lm75": Model((0x19, 0, 0, 0x4B, 0, 0x50, 0), _lm75_write, _lm75_read),
    # All inputs, latches 0 (Microchip DS20001952, table 3-5)
    "mcp23017": Model((0xFF, 0xFF, *[0] * 20), _mcp23017_write, _mcp23017_read),
}
"""{kind: its twin}."""


# --- the bus --------------------------------------------------------------------------------------------------------


class SimTransfers:
    """One simulated bus (the port `Transfers`). Raises OSError with the numbers that the kernel gives."""

    def __init__(self, state: State, number: int) -> None:
        self._state = state
        self._number = number
        if not folder(state).is_dir():
            raise BoardError(
                "there is no simulated I2C bus {number}: plug a chip with `python -m board sim i2c plug {number}/0x20 pcf8574`",
                number=number,
            )

    def read_byte(self, address: int) -> int:
        return self._transfer(address, [], 1)[0]

    def write_byte(self, address: int, value: int) -> None:
        self._transfer(address, [value], 0)

    def read_byte_data(self, address: int, register: int) -> int:
        return self._transfer(address, [register], 1)[0]

    def write_byte_data(self, address: int, register: int, value: int) -> None:
        self._transfer(address, [register, value], 0)

    def read_word_data(self, address: int, register: int) -> int:
        low, high = self._transfer(address, [register], 2)
        return low | high << 8

    def read_i2c_block_data(self, address: int, register: int, length: int) -> list[int]:
        return self._transfer(address, [register], length)

    def write_i2c_block_data(self, address: int, register: int, data: list[int]) -> None:
        self._transfer(address, [register, *data], 0)

    def close(self) -> None:
        """Nothing is held."""

    def _transfer(self, address: int, data: list[int], length: int) -> list[int]:
        if any(not 0 <= value <= 0xFF for value in data) or not 0 <= length <= 32 or len(data) > 33:
            raise OSError(errno.EINVAL, "Invalid argument")
        if (folder(self._state) / HELD).exists():
            raise OSError(errno.ETIMEDOUT, "Connection timed out")
        with _chip(self._state, self._number, address) as chip:
            if chip is None:
                raise OSError(errno.EREMOTEIO, "Remote I/O error")
            if chip.driver:
                raise OSError(errno.EBUSY, "Device or resource busy")
            model = MODELS[chip.kind]
            if data:
                model.write(chip, data)
                chip.log = [*chip.log, data][-20:]
            return [model.read(chip) for _ in range(length)]


def folder(state: State) -> Path:
    return state.sim / "i2c"


def plug(state: State, number: int, address: int, kind: str) -> None:
    """Puts a chip on the bus, as it is after power-on. BoardError: there is no such twin, or the address is taken."""
    if kind not in MODELS:
        raise BoardError("there is no simulated chip {kind!r}; there are {kinds}", kind=kind, kinds=sorted(MODELS))
    folder(state).mkdir(parents=True, exist_ok=True)
    path = _path(state, number, address)
    if path.exists():
        raise BoardError("there is already a chip at 0x{address:02x} of simulated bus {number}", address=address, number=number)
    write_whole(path, json.dumps(asdict(Chip(kind, list(MODELS[kind].power_on)))).encode())


def pull(state: State, number: int, address: int) -> None:
    """Takes the chip off; what it held is lost. BoardError when none is there."""
    try:
        with _locked(state):
            _path(state, number, address).unlink()
    except FileNotFoundError as why:  # the lock lies in a folder that the first chip makes
        raise BoardError("there is no chip at 0x{address:02x} of simulated bus {number}", address=address, number=number) from why


@contextmanager
def chip_at(state: State, number: int, address: int) -> Iterator[Chip]:
    """The chip, to be looked at and changed from outside (contacts, temperature, a driver that takes it)."""
    with _chip(state, number, address) as chip:
        if chip is None:
            raise BoardError("there is no chip at 0x{address:02x} of simulated bus {number}", address=address, number=number)
        yield chip


def sim_owner(state: State, number: int, address: int) -> str:
    """The driver that has the chip, "" when none has."""
    with _chip(state, number, address) as chip:
        return f"the kernel's driver {chip.driver} ({chip.kind})" if chip is not None and chip.driver else ""


@contextmanager
def _chip(state: State, number: int, address: int) -> Iterator[Chip | None]:
    with _locked(state):
        path = _path(state, number, address)
        try:
            text = path.read_text()
        except FileNotFoundError:
            yield None
            return
        chip = Chip(**from_json(text))
        before = asdict(chip)
        yield chip
        after = asdict(chip)
        if after != before:
            path.write_text(json.dumps(after))


@contextmanager
def _locked(state: State) -> Iterator[None]:
    file = open_shared(folder(state) / "lock", os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _path(state: State, number: int, address: int) -> Path:
    return folder(state) / f"{number}-{address:02x}.json"
