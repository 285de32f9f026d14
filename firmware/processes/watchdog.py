"""Watchdog: feeds the board's hardware watchdog while the chain is healthy; without that, the hardware resets the board.

The kernel's API (Documentation/watchdog/watchdog-api.rst): opening the device starts the timer, WDIOC_KEEPALIVE feeds it, "V"
before the close stops it (magic close), unless the driver was built or loaded with nowayout. A host that dies or hangs feeds
nothing, so it is reset too. An ill chain gets `PATIENCE_S` to recover by restarts. One that has not been healthy since the host
started is fed all the same: a reset did not help it, and a board that resets for ever lets nobody in to mend it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from board.kit.clock import Clock

LOG = logging.getLogger("watchdog")

WDIOC_GETSUPPORT = 0x80285700
WDIOC_KEEPALIVE = 0x80045705
WDIOC_SETTIMEOUT = 0xC0045706
WDIOC_GETTIMEOUT = 0x80045707
INFO = struct.Struct("=II32s")
"""struct watchdog_info: options, firmware version, identity."""

WDIOF_SETTIMEOUT = 0x0080
WDIOF_MAGICCLOSE = 0x0100

PATIENCE_S = 60.0
AGAIN_S = 60.0
"""Pause before a device that could not be opened is tried again."""


class Device(Protocol):
    """The calls of the operating system that are needed; errors are OSError."""

    def open(self, path: Path) -> int: ...

    def ioctl(self, file: int, request: int, data: bytes) -> bytes: ...

    def write(self, file: int, data: bytes) -> None: ...

    def close(self, file: int) -> None: ...


class KernelDevice:
    """/dev/watchdog itself."""

    def open(self, path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_CLOEXEC)

    def ioctl(self, file: int, request: int, data: bytes) -> bytes:
        return fcntl.ioctl(file, request, data)

    def write(self, file: int, data: bytes) -> None:
        os.write(file, data)

    def close(self, file: int) -> None:
        os.close(file)


class Watchdog:
    """`turn` is called about once a second; `ill()` says what is wrong with the chain, "" when nothing is."""

    def __init__(self, path: Path, timeout_s: int, ill: Callable[[], str], clock: Clock, device: Device) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._ill = ill
        self._clock = clock
        self._device = device
        self._file = -1
        self._again_ns = 0
        self._was_healthy = False
        self._ill_since_ns: int | None = None
        self._told = ""

    def turn(self) -> None:
        """Opens the device when it is not open yet, and feeds it unless the chain has been ill for too long."""
        if self._file < 0 and not self._open():
            return
        why = self._ill()
        now_ns = self._clock.monotonic_ns()
        if not why:
            self._was_healthy = True
            self._ill_since_ns = None
            self._tell("")
        elif self._ill_since_ns is None:
            self._ill_since_ns = now_ns
        ill_for_s = 0.0 if self._ill_since_ns is None else (now_ns - self._ill_since_ns) / 1e9
        if self._was_healthy and ill_for_s >= PATIENCE_S:
            self._tell(f"not fed any more, so that the board is reset within {self._timeout_s} s: {why}")
            return
        self._feed()

    def close(self) -> None:
        """Stops the timer, for an orderly end of the host."""
        if self._file < 0:
            return
        try:
            self._device.write(self._file, b"V")
        except OSError as why:
            LOG.error("%s could not be told to stop: %s", self._path, why)
        self._device.close(self._file)
        self._file = -1

    def _open(self) -> bool:
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._again_ns:
            return False
        self._again_ns = now_ns + round(AGAIN_S * 1e9)
        try:
            self._file = self._device.open(self._path)
        except OSError as why:
            self._tell(f"{self._path} does not open: {why.strerror}; nothing resets this board when it hangs")
            return False
        try:
            options, _, identity = INFO.unpack(self._device.ioctl(self._file, WDIOC_GETSUPPORT, bytes(INFO.size)))
            set_s = self._set_timeout(options)
        except OSError as why:
            self._tell(f"{self._path} is no watchdog: {why.strerror}")
            self.close()
            return False
        self._told = ""
        LOG.info("%s: %s, %d s", self._path, identity.rstrip(b"\0").decode(errors="replace"), set_s)
        if not options & WDIOF_MAGICCLOSE:
            LOG.warning("%s cannot be stopped: the board is reset %d s after the host has ended", self._path, set_s)
        return True

    def _set_timeout(self, options: int) -> int:
        """Sets the time, as far as the driver lets it be set; what it is now, in s."""
        wanted = struct.pack("=i", self._timeout_s)
        try:
            answer = self._device.ioctl(self._file, WDIOC_SETTIMEOUT, wanted) if options & WDIOF_SETTIMEOUT else wanted
        except OSError as why:  # out of the hardware's range: its own time counts
            LOG.warning("%s does not take %d s (%s): its own time counts", self._path, self._timeout_s, why.strerror)
            answer = wanted
        answer = self._device.ioctl(self._file, WDIOC_GETTIMEOUT, answer)
        self._timeout_s = int(struct.unpack("=i", answer)[0])
        return self._timeout_s

    def _feed(self) -> None:
        try:
            self._device.ioctl(self._file, WDIOC_KEEPALIVE, bytes(4))
        except OSError as why:
            self._tell(f"{self._path} could not be fed: {why.strerror}")

    def _tell(self, text: str) -> None:
        if text and text != self._told:
            LOG.error("%s", text)
        elif self._told and not text:
            LOG.warning("the watchdog is fed again")
        self._told = text
