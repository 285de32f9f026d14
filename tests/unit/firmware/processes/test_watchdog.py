"""Watchdog: what the device gets, over a stand-in that is as strict as the kernel's, with a clock that the test turns.

The kernel's own softdog is asked too where it is loaded with soft_noboot=1, so that nothing is ever reset."""

from __future__ import annotations

import errno
import logging
import os
import struct
from pathlib import Path

import pytest

from board.kit.clock import Clock, TestClock
from firmware.processes import watchdog as module
from firmware.processes.watchdog import KernelDevice, Watchdog

PATH = Path("/dev/watchdog")


class FakeDevice:
    """One watchdog as the kernel's core keeps it: one opener at a time, running from the open on, stopped by the magic close."""

    def __init__(self, clock: TestClock, limit_s: int = 15, nowayout: bool = False, options: int = 0x8180) -> None:
        self.clock = clock
        self.limit_s = limit_s
        self.nowayout = nowayout
        self.options = options
        self.timeout_s = limit_s
        self.fed_ns: int | None = None
        self.resets = 0
        self.file = -1
        self.magic = False
        self.opened = 0
        self.missing = False

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        if self.fed_ns is not None and self.clock.monotonic_ns() - self.fed_ns > self.timeout_s * 1e9:
            self.resets += 1
            self.fed_ns = None

    def open(self, path: Path) -> int:
        if self.missing:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        if self.file >= 0:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        self.file, self.magic = 7, False
        self.opened += 1
        self.fed_ns = self.clock.monotonic_ns()
        return self.file

    def ioctl(self, file: int, request: int, data: bytes) -> bytes:
        self._known(file)
        if request == module.WDIOC_GETSUPPORT:
            return struct.pack("=II32s", self.options, 1, b"Strict Watchdog")
        if request == module.WDIOC_SETTIMEOUT and self.options & module.WDIOF_SETTIMEOUT:
            seconds = int(struct.unpack("=i", data)[0])
            if not 1 <= seconds <= self.limit_s:
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            self.timeout_s = seconds
            self.fed_ns = self.clock.monotonic_ns()
            return data
        if request == module.WDIOC_GETTIMEOUT:
            return struct.pack("=i", self.timeout_s)
        if request == module.WDIOC_KEEPALIVE:
            self.fed_ns = self.clock.monotonic_ns()
            return data
        raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))

    def write(self, file: int, data: bytes) -> None:
        self._known(file)
        self.magic = b"V" in data and bool(self.options & module.WDIOF_MAGICCLOSE)
        self.fed_ns = self.clock.monotonic_ns()

    def close(self, file: int) -> None:
        self._known(file)
        self.file = -1
        if self.magic and not self.nowayout:
            self.fed_ns = None

    def _known(self, file: int) -> None:
        if file != self.file:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))


class Host:
    """The host's loop of a turn each second over a fake device; `ill` is what the chain says."""

    def __init__(self, timeout_s: int = 15, **device: int) -> None:
        self.clock = TestClock()
        self.device = FakeDevice(self.clock, **device)  # type: ignore[arg-type]
        self.ill = ""
        self.watchdog = Watchdog(PATH, timeout_s, lambda: self.ill, self.clock, self.device)

    def turn(self, seconds: int) -> None:
        for _ in range(seconds):
            self.watchdog.turn()
            self.device.advance(1)


def test_a_healthy_chain_is_never_reset() -> None:
    host = Host(10)
    host.turn(600)
    assert (host.device.timeout_s, host.device.resets, host.device.opened) == (10, 0, 1)


def test_a_chain_that_stays_ill_is_reset_after_its_patience_and_the_timeout(caplog: pytest.LogCaptureFixture) -> None:
    host = Host(10)
    host.turn(5)
    host.ill = "ANPR: pins hangs"
    host.turn(60 + 9)
    assert host.device.resets == 0
    host.turn(2)
    assert host.device.resets == 1
    assert "not fed any more, so that the board is reset within 10 s: ANPR: pins hangs" in caplog.text
    assert caplog.text.count("not fed any more") == 1


def test_a_chain_that_recovers_in_time_is_not_reset(caplog: pytest.LogCaptureFixture) -> None:
    host = Host(10)
    for _ in range(3):
        host.turn(5)
        host.ill = "ANPR: engine does not beat yet"
        host.turn(59)
        host.ill = ""
    host.turn(1)
    host.ill = "ANPR: engine hangs"
    host.turn(65)
    host.ill = ""
    host.turn(30)
    assert host.device.resets == 0
    assert "the watchdog is fed again" in caplog.text


def test_a_chain_that_was_never_healthy_is_fed_all_the_same() -> None:
    host = Host()
    host.ill = "ANPR: engine is not running: exit code 1"
    host.turn(600)
    assert host.device.resets == 0


def test_a_host_that_hangs_or_dies_is_reset() -> None:
    host = Host(10)
    host.turn(5)
    host.device.advance(11)
    assert host.device.resets == 1


def test_a_host_that_ends_in_order_stops_the_timer() -> None:
    host = Host()
    host.turn(5)
    host.watchdog.close()
    host.watchdog.close()
    host.device.advance(600)
    assert host.device.resets == 0


def test_a_driver_that_cannot_be_stopped_is_told_from_the_start_and_resets_after_the_end(caplog: pytest.LogCaptureFixture) -> None:
    host = Host(10, options=0x8080)
    host.turn(5)
    assert "cannot be stopped: the board is reset 10 s after the host has ended" in caplog.text
    host.watchdog.close()
    host.device.advance(11)
    assert host.device.resets == 1


def test_a_time_out_of_the_hardwares_range_leaves_its_own(caplog: pytest.LogCaptureFixture) -> None:
    host = Host(60)
    host.turn(600)
    assert (host.device.timeout_s, host.device.resets) == (15, 0)
    assert "does not take 60 s (Invalid argument): its own time counts" in caplog.text


def test_a_device_that_is_missing_or_taken_is_told_once_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    host = Host()
    host.device.missing = True
    host.turn(90)
    assert caplog.text.count("/dev/watchdog does not open: No such file or directory") == 1
    host.device.missing = False
    host.turn(60)
    assert host.device.opened == 1


def test_a_file_that_is_no_watchdog_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "watchdog"
    path.write_bytes(b"")
    with caplog.at_level(logging.ERROR):
        Watchdog(path, 15, lambda: "", Clock(), KernelDevice()).turn()
    assert "is no watchdog: Inappropriate ioctl for device" in caplog.text


def test_the_kernels_softdog_takes_the_same_calls(caplog: pytest.LogCaptureFixture) -> None:
    noboot = Path("/sys/module/softdog/parameters/soft_noboot")
    if not noboot.exists() or noboot.read_text().strip() in ("0", "N"):
        pytest.skip("the kernel's softdog is not loaded here with soft_noboot=1 (modprobe softdog soft_noboot=1)")
    with caplog.at_level(logging.INFO):
        dog = Watchdog(PATH, 30, lambda: "", Clock(), KernelDevice())
        dog.turn()
        dog.turn()
        dog.close()
    assert "Software Watchdog, 30 s" in caplog.text
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
