"""I2C: every device that the profile or STATE/lines.json names answers."""

from __future__ import annotations

import pytest

from board.i2c import open_device, parse_url
from board.i2c._twins import plug
from board.kit.errors import GatewrightError, PinBusy
from board.kit.state import State
from hil_tests.bench import Bench

TWINS = ("sim://1/0x48?kind=lm75", "sim://1/0x20?kind=pcf8574")


def test_i2c(bench: Bench) -> None:
    """I2C devices: each one that this board names answers with a reading."""
    urls = bench.profile.i2c or (_twins(bench.state) if bench.profile.simulated else ())
    if not urls:
        pytest.skip("this board names no I2C devices")
    silent = []
    for url in urls:
        place = parse_url(url)
        bench.through(str(place), kernel=place.scheme == "i2c")
        try:
            bench.note(f"{place}: {_reading(url, bench.state)}")
        except PinBusy as why:  # as a clock that the kernel keeps the time with: its driver found the chip
            bench.note(str(why))
        except GatewrightError as why:
            silent.append(str(why))
    if silent:
        pytest.fail("; ".join(silent))


def _twins(state: State) -> tuple[str, ...]:
    """Simulated chips, plugged for a simulated board that names none."""
    for url in TWINS:
        place = parse_url(url)
        plug(state, place.bus, place.address, place.kind)
    return TWINS


def _reading(url: str, state: State) -> str:
    device, bus = open_device(url, state)
    try:
        return device.reading()
    finally:
        bus.close()
