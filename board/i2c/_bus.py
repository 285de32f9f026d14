"""Bus: SMBus transfers on /dev/i2c-N (smbus2) or its simulated twin, every fault in the same words.

Only SMBus transfers are used, byte, word and I2C block: every adapter and the kernel's i2c-stub know them. A bus that somebody
holds low must not hold up pulses for the kernel's second: the adapter's time limit is set to 30 ms, without repeats
(linux/i2c-dev.h).
"""

from __future__ import annotations

import errno
import fcntl
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from board.kit.errors import BoardError, PinBusy
from board.kit.state import State
from board.kit.words import Text

log = logging.getLogger("board.i2c")

I2C_RETRIES, I2C_TIMEOUT = 0x0701, 0x0702
TIMEOUT_10MS = 3
"""In units of 10 ms, as the kernel counts."""

T = TypeVar("T")

NOBODY = (errno.ENXIO, errno.EREMOTEIO, errno.EIO, errno.ENODEV)
"""What adapters say when no chip acknowledges: drivers differ (Documentation/i2c/fault-codes; i2c-stub says ENODEV)."""

HELD = (errno.ETIMEDOUT, errno.EAGAIN)


class Transfers(Protocol):
    """The part of smbus2.SMBus that is used; every fault is an OSError with the kernel's number."""

    def read_byte(self, address: int) -> int: ...

    def write_byte(self, address: int, value: int) -> None: ...

    def read_byte_data(self, address: int, register: int) -> int: ...

    def write_byte_data(self, address: int, register: int, value: int) -> None: ...

    def read_word_data(self, address: int, register: int) -> int: ...

    def read_i2c_block_data(self, address: int, register: int, length: int) -> list[int]: ...

    def write_i2c_block_data(self, address: int, register: int, data: list[int]) -> None: ...

    def close(self) -> None: ...


class Bus:
    """An open bus; may be used from several threads. BoardError says who does not answer; PinBusy who has the chip."""

    def __init__(self, number: int, transfers: Transfers, owner: Callable[[int], str]) -> None:
        self.number = number
        self._transfers = transfers
        self._owner = owner
        self._lock = threading.Lock()

    def read(self, address: int) -> int:
        """One byte, as the chip sends it (SMBus receive byte)."""
        return self._try(address, lambda: self._transfers.read_byte(address))

    def write(self, address: int, value: int) -> None:
        """One byte (SMBus send byte)."""
        self._try(address, lambda: self._transfers.write_byte(address, value))

    def read_register(self, address: int, register: int) -> int:
        return self._try(address, lambda: self._transfers.read_byte_data(address, register))

    def write_register(self, address: int, register: int, value: int) -> None:
        self._try(address, lambda: self._transfers.write_byte_data(address, register, value))

    def read_word(self, address: int, register: int) -> bytes:
        """The two bytes of a 16-bit register, in the order of the wire."""
        return self._try(address, lambda: self._transfers.read_word_data(address, register)).to_bytes(2, "little")

    def read_registers(self, address: int, first: int, count: int) -> bytes:
        """`count` registers from `first` on, in one transfer (1 to 32)."""
        return bytes(self._try(address, lambda: self._transfers.read_i2c_block_data(address, first, count)))

    def write_registers(self, address: int, first: int, values: bytes) -> None:
        """Registers from `first` on, in one transfer (1 to 32)."""
        self._try(address, lambda: self._transfers.write_i2c_block_data(address, first, list(values)))

    def close(self) -> None:
        with self._lock:
            self._transfers.close()

    def _try(self, address: int, transfer: Callable[[], T]) -> T:
        where = f"0x{address:02x} on I2C bus {self.number}"
        with self._lock:
            try:
                return transfer()
            except OSError as why:
                if why.errno == errno.EBUSY:
                    raise PinBusy(
                        "{where} is taken by {owner}", where=where, owner=self._owner(address) or Text("a driver of the kernel")
                    ) from why
                if why.errno in NOBODY:
                    raise BoardError(
                        "nothing answers at {where}: is the device wired, powered and set to this address?", where=where
                    ) from why
                if why.errno in HELD:
                    raise BoardError(
                        "I2C bus {number} is blocked: SDA or SCL stays low, or another master sends", number=self.number
                    ) from why
                raise BoardError("{where}: {reason}", where=where, reason=why.strerror or why) from why


def open_bus(scheme: str, number: int, state: State) -> Bus:
    """The bus, without a word to any chip. BoardError says what is missing and what to do."""
    if scheme == "sim":
        from board.i2c._twins import SimTransfers, sim_owner

        return Bus(number, SimTransfers(state, number), lambda address: sim_owner(state, number, address))
    return Bus(number, _smbus(number), lambda address: kernel_owner(number, address))


def _smbus(number: int) -> Transfers:
    try:
        from smbus2 import SMBus
    except ImportError as why:
        raise BoardError("I2C needs smbus2 ({why}): pip install smbus2", why=why) from why
    try:
        bus: Any = SMBus(number)
    except FileNotFoundError as why:
        raise BoardError(
            "there is no I2C bus {number} (/dev/i2c-{number}): on a Raspberry Pi set dtparam=i2c_arm=on and load i2c-dev",
            number=number,
        ) from why
    except PermissionError as why:
        raise BoardError("/dev/i2c-{number} may not be used: run as root or add the user to the group i2c", number=number) from why
    except OSError as why:
        raise BoardError("/dev/i2c-{number} does not open: {reason}", number=number, reason=why.strerror or why) from why
    for question, value in ((I2C_TIMEOUT, TIMEOUT_10MS), (I2C_RETRIES, 0)):
        try:
            fcntl.ioctl(bus.fd, question, value)
        except OSError as why:
            log.warning("I2C bus %d keeps its own time limits: %s", number, why)
    transfers: Transfers = bus
    return transfers


def kernel_owner(number: int, address: int) -> str:
    """The driver of the kernel that has the chip ("rtc-ds1307 of the kernel (ds3231)"), "" when none has."""
    device = Path("/sys/bus/i2c/devices") / f"{number}-{address:04x}"
    driver = device / "driver"
    if not driver.exists():
        return ""
    try:
        name = (device / "name").read_text().strip()
    except OSError:
        name = "?"
    return f"the kernel's driver {driver.resolve().name} ({name})"
