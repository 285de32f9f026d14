"""Serial: what leaves TX arrives at RX, byte for byte, at the common speeds."""

from __future__ import annotations

import os

import pytest
import serial

from hil_tests.bench import Bench

SPEEDS = (9_600, 115_200)
PATIENCE_S = 3.0
BYTES = 512


def test_serial(bench: Bench) -> None:
    """Serial loop: every byte sent on TX comes back on RX, and nothing else does."""
    url = bench.order.serial or ("loop://" if bench.profile.simulated else "")
    if not url:
        pytest.skip("no serial port named: --serial /dev/serial0, TX wired to RX")
    bench.through(f"serial port {url}", kernel=url.startswith("/dev/"))
    sent = bytes(range(256)) + os.urandom(BYTES - 256)
    for speed in SPEEDS:
        try:
            with serial.serial_for_url(url, baudrate=speed, timeout=PATIENCE_S) as port:
                port.reset_input_buffer()
                port.write(sent)
                port.flush()
                received = port.read(len(sent))
                extra = port.in_waiting
        except (serial.SerialException, OSError) as why:
            pytest.fail(f"{url} at {speed} baud: {why}")
        if received != sent or extra:
            pytest.fail(f"{url} at {speed} baud: {_difference(sent, received, extra)}")
    bench.note(f"{BYTES} bytes at {' and '.join(map(str, SPEEDS))} baud came back unchanged")


def _difference(sent: bytes, received: bytes, extra: int) -> str:
    if not received:
        return "nothing came back: is TX wired to RX, and is the port free of a console?"
    if len(received) < len(sent):
        return f"{len(received)} of {len(sent)} bytes came back"
    wrong = sum(a != b for a, b in zip(sent, received, strict=True))
    return f"{wrong} of {len(sent)} bytes came back changed, {extra} too many"
