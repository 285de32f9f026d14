"""PCF8574 and PCF8574A: eight quasi-bidirectional pins (NXP data sheet, rev. 5, section 8).

The chip has one register: a 0 pulls a pin low strongly, a 1 lets it go to a current source of about 100 µA. So a high pin is as
good as an input, an input has its pull-up always, and an output can sink a relay but hardly feed one: outputs are wired active
low. After power-on every pin is high. The chip has no reset and keeps its latch while it has power, also while the board boots
again.
"""

from __future__ import annotations

from board.i2c import Bus, ExpanderKind

ALL = 0xFF


class Pcf8574:
    def __init__(self, bus: Bus, address: int) -> None:
        self._bus = bus
        self._address = address
        self._inputs = ALL
        self._levels = ALL

    def set_up(self, outputs: int, pull_ups: int, levels: int) -> None:
        self._inputs = ~outputs & ALL
        self.write(levels)

    def write(self, levels: int) -> None:
        latch = (levels | self._inputs) & ALL  # an input needs a 1, or the chip holds it low itself
        self._bus.write(self._address, latch)
        self._levels = latch

    def read(self) -> int:
        return self._bus.read(self._address)

    def is_set_up(self) -> bool:
        return not self.read() & ~self._levels & ALL  # a pin that is let go may be low by a contact, one held low cannot be high

    def reading(self) -> str:
        return f"pins 7 to 0: {self.read():08b}"


DEVICE = ExpanderKind(
    name="pcf8574",
    title="PCF8574",
    addresses=(*range(0x20, 0x28), *range(0x38, 0x40)),
    open=Pcf8574,
    pins=8,
    boot_pull="up",
    pulls=("up",),
)
