"""LM75: a temperature sensor (National LM75, 1.11 to 1.14): register 0 holds nine bits, two's complement, 0.5 °C each.

Later makes (LM75A, LM75B, TMP75) have finer steps in the bits below, which an LM75 leaves undefined: they are not used.
"""

from __future__ import annotations

from board.i2c import Bus, I2cKind

TEMPERATURE, CONFIGURATION = 0x00, 0x01
SHUTDOWN = 0x01


class Lm75:
    def __init__(self, bus: Bus, address: int) -> None:
        self._bus = bus
        self._address = address

    def temperature_c(self) -> float:
        """-55 to +125 °C in steps of 0.5 °C."""
        raw = self._bus.read_word(self._address, TEMPERATURE)
        return (int.from_bytes(raw, "big", signed=True) >> 7) / 2

    def is_asleep(self) -> bool:
        """Shut down: the temperature is an old one."""
        return bool(self._bus.read_register(self._address, CONFIGURATION) & SHUTDOWN)

    def reading(self) -> str:
        asleep = ", but it is shut down: the value is an old one" if self.is_asleep() else ""
        return f"{self.temperature_c():.1f} °C{asleep}"


DEVICE = I2cKind("lm75", "LM75 temperature sensor", tuple(range(0x48, 0x50)), Lm75)
