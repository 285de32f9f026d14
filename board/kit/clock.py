"""Clock: aware UTC for stamps, monotonic nanoseconds for spans, both from one object that tests can turn."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

CLOCK_KNOWN = datetime(2025, 1, 1, tzinfo=UTC)
"""Older than this program: a clock that says less has not been set since the board was switched on."""

TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
"""hh:mm"""

TIME_ERROR = 5
"""adjtimex(2): the clock is not synchronised."""
TIMEX_BYTES = 512
"""More than its struct takes on any board."""


def boot_id() -> str:
    """The same for all processes from boot to boot: CLOCK_MONOTONIC times compare within one; "" where the kernel does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
"""Made by systemd-timesyncd when it has set the clock since the board was switched on."""


def synchronised() -> bool:
    """Whether the wall clock follows a time server, as the kernel says (adjtimex(2)); where a service may not ask it (systemd's
    ProtectClock), as systemd-timesyncd does. False where nobody knows."""
    import ctypes

    found = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    return SYNCHRONISED.exists() if found == -1 else found != TIME_ERROR


class Clock:
    """The machine's clocks. `wait` is an event wait, so that a stop request ends it early."""

    def now(self) -> datetime:
        """Wall time, aware, UTC."""
        return datetime.now(UTC)

    def monotonic_ns(self) -> int:
        """CLOCK_MONOTONIC in ns: the same for every process of this boot."""
        return time.monotonic_ns()

    def synchronised(self) -> bool:
        """Whether the wall time comes from a time server."""
        return synchronised()

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        """Waits until `stop` is set (True) or the time is over (False)."""
        return stop.wait(seconds)


SET_S = 60.0
"""A wall clock that differs by more from the monotonic one was set meanwhile."""


def by_clock_of_now(at: datetime, at_ns: int, clock: Clock) -> datetime:
    """When that was, which the wall clock called `at`, and the monotonic one of this boot `at_ns`: a board without a battery begins
    in 1970, or years ahead of what its time server says some seconds later."""
    off_s = (clock.now() - at).total_seconds() - (clock.monotonic_ns() - at_ns) / 1e9
    return at + timedelta(seconds=round(off_s)) if abs(off_s) > SET_S else at


class TestClock(Clock):
    """A clock that stands still until `advance` turns it; both readings move together. `follows`: a time server."""

    __test__ = False  # not a test class, though its name starts with Test

    def __init__(self, now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), follows: bool = True) -> None:
        self._now = now
        self._follows = follows
        self._monotonic_ns = 1_000_000_000

    def now(self) -> datetime:
        return self._now

    def monotonic_ns(self) -> int:
        return self._monotonic_ns

    def synchronised(self) -> bool:
        return self._follows

    def advance(self, seconds: float) -> None:
        """Moves both clocks forward."""
        self._now += timedelta(seconds=seconds)
        self._monotonic_ns += round(seconds * 1e9)

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        self.advance(seconds)
        return stop.is_set()
