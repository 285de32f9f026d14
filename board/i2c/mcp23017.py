"""MCP23017: sixteen pins with direction, pull-up and latch registers (Microchip DS20001952, section 3.5; IOCON.BANK = 0).

Pins 0 to 7 are GPA0 to GPA7, 8 to 15 are GPB0 to GPB7. After power-on and after its RESET pin was low every pin is an input without
pull-up: nothing is driven. Wire RESET to the board's own reset line, and outputs are let go when the board restarts.
"""

from __future__ import annotations

from board.i2c import Bus, ExpanderKind

IODIR, IPOL, GPINTEN, IOCON, GPPU, GPIO, OLAT = 0x00, 0x02, 0x04, 0x0A, 0x0C, 0x12, 0x14
"""Registers of port A; port B's follow each."""

KEPT = (IODIR, IPOL, GPPU, OLAT)
"""What a pin does hangs on these. Where all pins are inputs, a loss of power shows in the pull-ups alone; a latch that a surge at
the relay turned is set right as well."""

ALL = 0xFFFF


class Mcp23017:
    def __init__(self, bus: Bus, address: int) -> None:
        self._bus = bus
        self._address = address
        self._kept = dict.fromkeys(KEPT, 0)

    def set_up(self, outputs: int, pull_ups: int, levels: int) -> None:
        inputs = ~outputs & ALL
        self._bus.write_register(self._address, IOCON, 0)
        self._put(IPOL, 0)
        self._put(GPINTEN, 0)
        self._put(GPPU, pull_ups & inputs)
        self._put(OLAT, levels)
        self._put(IODIR, inputs)  # last: the latches hold the right levels when pins become outputs
        self._kept = {IODIR: inputs, IPOL: 0, GPPU: pull_ups & inputs, OLAT: levels & ALL}

    def write(self, levels: int) -> None:
        self._put(OLAT, levels)
        self._kept[OLAT] = levels & ALL

    def read(self) -> int:
        return self._get(GPIO)

    def is_set_up(self) -> bool:
        registers = self._bus.read_registers(self._address, IODIR, OLAT + 2)
        return all(int.from_bytes(registers[at : at + 2], "little") == value for at, value in self._kept.items())

    def reading(self) -> str:
        return f"pins 15 to 0: {self.read():016b}"

    def _put(self, register: int, value: int) -> None:
        self._bus.write_registers(self._address, register, (value & ALL).to_bytes(2, "little"))

    def _get(self, register: int) -> int:
        return int.from_bytes(self._bus.read_registers(self._address, register, 2), "little")


DEVICE = ExpanderKind(
    name="mcp23017",
    title="MCP23017",
    addresses=tuple(range(0x20, 0x28)),
    open=Mcp23017,
    pins=16,
    boot_pull="off",
    pulls=("up", "off"),
)
