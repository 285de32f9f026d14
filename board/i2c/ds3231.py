"""DS3231: a battery-backed clock (Maxim data sheet, figure 1). It is set to UTC in 24-hour form, years 2000 to 2199.

Registers 00h to 06h: seconds, minutes, hours, day of week, date, month with century bit, year, in BCD. The oscillator stop flag
(bit 7 of 0Fh) says that the clock stood still since it was set: its time is worth nothing then.
"""

from __future__ import annotations

from datetime import UTC, datetime

from board.i2c import Bus, I2cKind
from board.kit.dataclass import dataclass
from board.kit.errors import BoardError

SECONDS, CONTROL, STATUS = 0x00, 0x0E, 0x0F
OSCILLATOR_STOPPED = 0x80
BATTERY_OSCILLATOR_OFF = 0x80
"""EOSC of the control register."""
TWELVE_HOURS, AFTERNOON, CENTURY = 0x40, 0x20, 0x80


@dataclass(frozen=True, slots=True)
class ClockReading:
    """`at`: aware UTC; `stopped`: the clock stood still since it was set, so `at` is wrong."""

    at: datetime
    stopped: bool


class Ds3231:
    def __init__(self, bus: Bus, address: int) -> None:
        self._bus = bus
        self._address = address

    def time(self) -> ClockReading:
        """BoardError when the chip does not answer or its registers hold no time."""
        raw = self._bus.read_registers(self._address, SECONDS, 7)
        stopped = bool(self._bus.read_register(self._address, STATUS) & OSCILLATOR_STOPPED)
        try:
            at = datetime(
                2000 + 100 * bool(raw[5] & CENTURY) + _from_bcd(raw[6]), _from_bcd(raw[5] & 0x1F), _from_bcd(raw[4]),
                _hour(raw[2]), _from_bcd(raw[1]), _from_bcd(raw[0]), tzinfo=UTC,
            )  # fmt: skip
        except ValueError as why:
            raise BoardError(
                "the clock at 0x{address:02x} holds no valid time ({bytes}): set it", address=self._address, bytes=raw.hex(" ")
            ) from why
        return ClockReading(at, stopped)

    def set_time(self, at: datetime) -> None:
        """Sets the clock (whole seconds, years 2000 to 2199), starts it on battery too, and clears the stop flag."""
        at = at.astimezone(UTC)
        if not 2000 <= at.year <= 2199:
            raise BoardError("the clock can hold the years 2000 to 2199, not {year}", year=at.year)
        month = _to_bcd(at.month) | (CENTURY if at.year >= 2100 else 0)
        fields = (at.second, at.minute, at.hour, at.isoweekday(), at.day)
        self._bus.write_registers(self._address, SECONDS, bytes([*map(_to_bcd, fields), month, _to_bcd(at.year % 100)]))
        control = self._bus.read_register(self._address, CONTROL)
        self._bus.write_register(self._address, CONTROL, control & ~BATTERY_OSCILLATOR_OFF)
        status = self._bus.read_register(self._address, STATUS)
        self._bus.write_register(self._address, STATUS, status & ~OSCILLATOR_STOPPED)

    def reading(self) -> str:
        clock = self.time()
        wrong = ", but it stood still: set it" if clock.stopped else ""
        return f"{clock.at:%Y-%m-%d %H:%M:%S} UTC{wrong}"


def _from_bcd(value: int) -> int:
    if value & 0x0F > 9 or value >> 4 > 9:
        raise ValueError(f"0x{value:02x} is no BCD number")
    return 10 * (value >> 4) + (value & 0x0F)


def _to_bcd(value: int) -> int:
    return value // 10 << 4 | value % 10


def _hour(value: int) -> int:
    if not value & TWELVE_HOURS:
        return _from_bcd(value & 0x3F)
    return _from_bcd(value & 0x1F) % 12 + (12 if value & AFTERNOON else 0)


DEVICE = I2cKind("ds3231", "DS3231 clock", (0x68,), Ds3231)
