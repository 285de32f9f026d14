"""Disks: what can store something on this board, how full and how worn it is, and how long it lasts (manual, Appendix 1)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.files import text_of
from firmware.privileged.lower import ROOT

NO_DISKS = ("loop", "ram", "zram", "dm-", "md", "sr", "nbd", "fd")
SECTOR_BYTES = 512
"""Of /sys/class/block/*/size, whatever the disk has."""
RATES = (100, 1_000, 10_000)
"""Cars a day that the manual's tables have."""
PICTURE_BYTES, ACTION_BYTES = 130_000, 180_000
"""The larger end of a passage's picture, and of a message that carries it in Base64."""

Usage = Callable[[str], tuple[int, int]]
"""(all, free) bytes of the file system that is mounted there; OSError."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A partition, or a disk without any. `kind`: "sd", "emmc", "usb" or "disk"; `place`: where it is mounted, "" nowhere;
    `total_bytes`, `free_bytes`: of its file system, 0 where none is mounted; `life_pct`: how much of its life is used, at most,
    None where it does not say; `errors`: that its file system has found, None where it does not say; `read_only`: it takes nothing;
    `system`: the board runs from its disk; `formats`: it can be taken out and holds nothing of the system."""

    device: str
    kind: str
    model: str
    size_bytes: int
    place: str
    filesystem: str
    total_bytes: int
    free_bytes: int
    read_only: bool
    life_pct: int | None
    errors: int | None
    system: bool
    formats: bool


@dataclass(frozen=True, slots=True)
class _Mount:
    """A mounted file system, of /proc/self/mountinfo."""

    number: str
    place: str
    filesystem: str
    read_only: bool


def volumes(card: str, root: Path = Path("/"), usage: Usage | None = None) -> list[Volume]:
    """All of them, by name. `card`: where the SD card belongs; `root`: another file system for tests."""
    block = root / "sys/class/block"
    mounts = _mounts(root)
    swaps = {line.split()[0] for line in text_of(root / "proc/swaps").splitlines()[1:] if line}
    names = sorted(path.name for path in block.glob("*") if not path.name.startswith(NO_DISKS))
    found = []
    for disk in (name for name in names if not (block / name / "partition").exists()):
        parts = [name for name in names if name != disk and (block / disk / name / "partition").exists()]
        places = [each for name in (disk, *parts) for each in mounts if each.number == _line(block / name / "dev")]
        foreign = any(is_needed(each.place, card) for each in places)
        system = foreign or any(f"/dev/{name}" in swaps for name in (disk, *parts))
        found += [_volume(root, disk, name, mounts, system, usage or _usage) for name in parts or [disk] if _size(block / name)]
    return found


def is_needed(place: str, card: str) -> bool:
    """By the system, of what is mounted there. A read-only root has its own disk among those of people."""
    return place == str(ROOT) or (place != card and not place.startswith(("/media/", "/mnt/")))


def forecast(free_bytes: int) -> list[tuple[int, float, float]]:
    """(cars a day, days until these bytes are used without actions, with an action that sends the picture in Base64)."""
    both = PICTURE_BYTES + ACTION_BYTES
    return [(rate, round(free_bytes / (rate * PICTURE_BYTES), 1), round(free_bytes / (rate * both), 1)) for rate in RATES]


def _volume(root: Path, disk: str, name: str, mounts: list[_Mount], system: bool, usage: Usage) -> Volume:
    block = root / "sys/class/block"
    mount = next((each for each in mounts if each.number == _line(block / name / "dev")), None)
    try:
        total, free = usage(mount.place) if mount is not None else (0, 0)
    except OSError:  # it was taken out
        total = free = 0
    kind = _kind(block / disk)
    read_only = _line(block / disk / "ro") == "1" or (mount is not None and mount.read_only)
    model = _line(block / disk / "device/name") or _line(block / disk / "device/model")
    errors = _line(root / "sys/fs/ext4" / name / "errors_count")
    can_go = kind == "sd" or _line(block / disk / "removable") == "1"
    return Volume(
        name, kind, model, _size(block / name), mount.place if mount is not None else "",
        mount.filesystem if mount is not None else "", total, free, read_only, _life_pct(block / disk / "device"),
        int(errors) if errors.isdecimal() else None, system, can_go and not system,
    )  # fmt: skip


def _kind(disk: Path) -> str:
    kind = {"SD": "sd", "MMC": "emmc"}.get(_line(disk / "device/type"))
    if kind is None:
        kind = "usb" if _line(disk / "removable") == "1" else "disk"
    return kind


def _life_pct(device: Path) -> int | None:
    """JEDEC eMMC's DEVICE_LIFE_TIME_EST: 1 is up to 10 % ... 10 up to 100 %, 11 beyond; the worse of both kinds of cells. SD cards
    do not say it."""
    steps = [int(word, 16) for word in _line(device / "life_time").split() if re.fullmatch(r"0x[0-9a-fA-F]{1,2}", word)]
    worst = max(steps, default=0)
    return min(worst, 11) * 10 if worst else None


def _mounts(root: Path) -> list[_Mount]:
    """Whole file systems. Read-only is what the file system says: a service sees all of them as read-only."""
    found = []
    for line in text_of(root / "proc/self/mountinfo").splitlines():
        words, _, rest = line.partition(" - ")
        fields, kind = words.split(), rest.split()
        if len(fields) > 4 and len(kind) > 2 and fields[3] == "/":
            place = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4])
            found.append(_Mount(fields[2], place, kind[0], "ro" in kind[2].split(",")))
    return found


def _usage(place: str) -> tuple[int, int]:
    disk = os.statvfs(place)
    return disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize


def _size(path: Path) -> int:
    text = _line(path / "size")
    return int(text) * SECTOR_BYTES if text.isdecimal() else 0


def _line(path: Path) -> str:
    return text_of(path).partition("\n")[0].strip()
