"""I2C: every device that the profile or STATE/lines.json names answers."""

from __future__ import annotations

import pytest

from board.i2c import open_device, parse_url
from board.kit.errors import GatewrightError
from board.kit.state import State
from hil_tests.bench import Bench


def test_i2c(bench: Bench) -> None:
    """I2C devices: each one that this board names answers with a reading."""
    if not bench.profile.i2c:
        pytest.skip("this board names no I2C devices")
    silent = []
    for url in bench.profile.i2c:
        place = parse_url(url)
        bench.through(str(place), kernel=place.scheme == "i2c")
        try:
            bench.note(f"{place}: {_reading(url, bench.state)}")
        except GatewrightError as why:
            silent.append(str(why))
    if silent:
        pytest.fail("; ".join(silent))


def _reading(url: str, state: State) -> str:
    device, bus = open_device(url, state)
    try:
        return device.reading()
    finally:
        bus.close()
