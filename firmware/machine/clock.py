"""Clock: how the board's clock is: zone, time servers, the battery's clock; what the system does not say is left empty."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from board.kit.clock import SYNCHRONISED, Clock
from board.kit.dataclass import dataclass
from board.kit.zones import system_zone

ZONES = Path("/usr/share/zoneinfo")
TIMESYNCD = Path("/etc/systemd/timesyncd.conf.d/60-gatewright.conf")
"""Written by the helper (firmware/privileged/)."""
RTC = Path("/sys/class/rtc/rtc0/since_epoch")
WITHIN_S = 3.0
UNIT = 65_536.0
"""NTP counts frequencies in 2^-16 parts of a million (RFC 5905)."""

Ask = Callable[..., Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class ClockStatus:
    """`at`, `synced_at`: UTC; `zone`: the system's; `synchronised`: it follows a time server now; `servers`: those that were
    chosen, none: the distribution's; `follows`: whether it is meant to, None where nobody says; `server`: which one it asks;
    `drift_ppm`: by how much this board's clock runs wrong by itself, as the time server's answers show, 1 ppm is 86 ms a day;
    `rtc_behind_s`: the clock with the battery less the system's, None where there is none."""

    at: datetime
    zone: str
    synchronised: bool
    follows: bool | None
    servers: tuple[str, ...]
    server: str
    synced_at: datetime | None
    drift_ppm: float | None
    rtc_behind_s: float | None


def status(clock: Clock, root: Path = Path("/"), ask: Ask | None = None) -> ClockStatus:
    """As it is now. `root`: another file system for tests; `ask`: timedatectl."""
    asked = ask or _timedatectl
    shown = asked("show")
    timesync = asked("show-timesync", "--all") if shown else {}
    frequency = timesync.get("Frequency", "")
    return ClockStatus(
        clock.now(),
        system_zone(root),
        clock.synchronised() or shown.get("NTPSynchronized") == "yes",  # where chrony sets it, timedated alone may ask the kernel
        {"yes": True, "no": False}.get(shown.get("NTP", "")),
        _servers(root / TIMESYNCD.relative_to("/")),
        timesync.get("ServerName", ""),
        _modified(root / SYNCHRONISED.relative_to("/")),
        int(frequency) / UNIT if frequency.lstrip("-").isdecimal() else None,
        _rtc(root / RTC.relative_to("/"), clock),
    )


def zones() -> list[str]:
    """The names of the time zones that this system knows."""
    from zoneinfo import available_timezones

    return sorted(name for name in available_timezones() if not name.startswith(("posix/", "right/", "localtime")))


def _timedatectl(*words: str) -> Mapping[str, str]:
    """{property: value}; nothing where there is no systemd."""
    if not Path("/run/systemd/system").is_dir():
        return {}
    try:
        done = subprocess.run(
            ["timedatectl", *words], env={**os.environ, "LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=WITHIN_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return {}
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _servers(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return ()
    return tuple(next((line.removeprefix("NTP=").split() for line in lines if line.startswith("NTP=")), ()))


def _modified(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


def _rtc(path: Path, clock: Clock) -> float | None:
    try:
        return int(path.read_text("ascii")) - clock.now().timestamp()
    except (OSError, ValueError):
        return None
