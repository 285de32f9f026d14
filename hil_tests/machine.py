"""Machine: what the kernel tells about this computer: board model, mounts, wear of a card, clock chips, synchronisation."""

from __future__ import annotations

import ctypes
import platform
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from board.kit.files import text_of

SECTOR_BYTES = 512
TIME_ERROR = 5
FREQUENCY_PPM = 65536.0
RTC_PATIENCE_S = 1.2
DRIFT_OVER_S = 60.0
"""Seconds turn to within about 3 ms: over a minute that is 50 ppm."""


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2), as far as it is read here; the rest is room."""

    _fields_ = [
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long), ("status", ctypes.c_int), ("room", ctypes.c_byte * 256),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mount:
    """The mounted file system that holds a folder. `block`: its disk in /sys/block, "" for none; `errors`: ext4's own count."""

    device: str
    point: str
    kind: str
    read_only: bool
    block: str
    errors: int


@dataclass(frozen=True, slots=True)
class ClockChip:
    """A real-time clock. `ahead_s`: its time minus the system's; `problem`: why it cannot be read; `read_at_s`: when it was
    read, on the clock that no time server turns (CLOCK_MONOTONIC_RAW)."""

    name: str
    ahead_s: float = 0.0
    problem: str = ""
    read_at_s: float = 0.0

    def drift_ppm(self, earlier: ClockChip) -> float | None:
        """How much faster this clock goes than the system's since `earlier`; None when that is too short ago to say."""
        span_s = self.read_at_s - earlier.read_at_s
        return None if span_s < DRIFT_OVER_S or self.problem or earlier.problem else (self.ahead_s - earlier.ahead_s) / span_s * 1e6


def model() -> str:
    """The board as its firmware names it, else the kind of processor."""
    return text_of(Path("/proc/device-tree/model")) or f"{platform.machine()} computer"


def system() -> str:
    """Operating system, kernel and Python."""
    release = text_of(Path("/etc/os-release"))
    names = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    return f"{names.get('PRETTY_NAME', 'Linux').strip(chr(34))}, kernel {platform.release()}, Python {platform.python_version()}"


def mount_of(folder: Path, mounts: str = "", sys: Path = Path("/sys")) -> Mount:
    """The mount that holds `folder`. `mounts`: text of /proc/self/mounts, for tests."""
    text = mounts or text_of(Path("/proc/self/mounts"))
    rows = [line.split() for line in text.splitlines() if len(line.split()) > 3]
    inside = [row for row in rows if folder.resolve().is_relative_to(_unescaped(row[1]))]
    device, point, kind, options = max(inside, key=lambda row: len(row[1]))[:4] if inside else ("?", "/", "?", "")
    partition = Path(device).resolve().name
    folder_of_disk = (sys / "class" / "block" / partition).resolve()
    is_part = (folder_of_disk / "partition").exists()
    block = folder_of_disk.parent.name if is_part else partition if folder_of_disk.is_dir() and device.startswith("/dev/") else ""
    errors = text_of(sys / "fs" / "ext4" / partition / "errors_count")
    return Mount(device, _unescaped(point), kind, "ro" in options.split(","), block, int(errors) if errors.isdigit() else 0)


def wear_of(mount: Mount, sys: Path = Path("/sys")) -> tuple[str, ...]:
    """What the kernel tells about the disk's life, a few words each; that it tells nothing, where it does."""
    disk = sys / "block" / mount.block
    device = disk / "device"
    said = []
    if name := text_of(device / "name") or text_of(device / "model"):
        made = text_of(device / "date")
        said.append(f"{name}{f', made {made}' if made else ''}, serial {text_of(device / 'serial') or 'not told'}")
    fields = text_of(disk / "stat").split() if mount.block else []
    if len(fields) > 6:
        said.append(f"{int(fields[6]) * SECTOR_BYTES / 1e9:.2f} GB written since the start")
    life = text_of(device / "life_time").split()
    if life:
        shares = ["not told" if level == 0 else f"up to {level * 10} %" for level in (int(part, 16) for part in life)]
        said.append(f"life used {', '.join(shares)}, spare blocks {_SPARE.get(text_of(device / 'pre_eol_info'), 'not told')}")
    else:
        said.append("wear not told by this disk (only eMMC tells it)")
    return tuple(said)


_SPARE = {"0x01": "normal", "0x02": "80 % used", "0x03": "90 % used"}


def kernel_clock() -> str:
    """Whether the kernel's clock follows a time server, its estimated error and the crystal's correction."""
    state = _Timex()
    answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(state))
    if answer == -1:
        return "synchronisation not told by the kernel"
    correction = f"correction {state.freq / FREQUENCY_PPM:+.1f} ppm"
    if answer == TIME_ERROR:
        return f"NOT synchronised to a time server, {correction}"
    return f"synchronised, error under {state.maxerror / 1000:.0f} ms, {correction}"


def clock_chips(folder: Path = Path("/sys/class/rtc")) -> tuple[ClockChip, ...]:
    """Every clock chip and how far its time is from the system's, read as its second turns."""
    return tuple(_clock_chip(path) for path in sorted(folder.glob("rtc*")))


def _clock_chip(path: Path) -> ClockChip:
    name = f"{path.name} ({text_of(path / 'name') or 'unnamed'})"
    first = text_of(path / "since_epoch")
    if not first.isdigit():
        return ClockChip(name, problem="it does not tell its time (never set, or its battery is empty)")
    until = time.monotonic() + RTC_PATIENCE_S
    while (now := text_of(path / "since_epoch")) == first:
        if time.monotonic() > until:
            return ClockChip(name, problem=f"it stands still at {datetime.fromtimestamp(int(first), UTC):%Y-%m-%d %H:%M:%S}")
        time.sleep(0.001)
    if not now.isdigit():
        return ClockChip(name, problem="it stopped answering")
    return ClockChip(name, int(now) - time.time(), read_at_s=time.clock_gettime(time.CLOCK_MONOTONIC_RAW))


def _unescaped(point: str) -> str:
    return point.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
