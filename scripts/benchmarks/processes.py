"""Processes of a camera on this computer: which they are, their memory, their time of a processor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from board.kit.state import State

NAMES = {
    "firmware": "host",
    "board.pins": "pins",
    "engine service": "service",
    "engine run": "engine",
    "engine vms": "vms",
    "engine video": "video",
    "webui": "manager",
}
"""Begin of a process's command: its name."""


def running(state: State) -> Iterator[tuple[str, int]]:
    """(name, process id) of all whose command carries our STATE; one name may come several times, as of pins and its guardian."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it ended meanwhile
        if "-m" not in words or str(state.root) not in words:
            continue
        command = " ".join(words[words.index("-m") + 1 :])
        name = next((name for begin, name in NAMES.items() if command.startswith(begin)), "")
        if name:
            yield name, int(folder.name)


def pids(state: State) -> dict[str, int]:
    """{name: the first process of that name}."""
    found: dict[str, int] = {}
    for name, pid in sorted(running(state), key=lambda each: each[1]):
        found.setdefault(name, pid)
    return found


def peaks_mb(state: State) -> dict[str, float]:
    """{name: resident memory at its peak}, of several the largest."""
    peaks: dict[str, float] = {}
    for name, pid in running(state):
        try:
            peaks[name] = max(peaks.get(name, 0.0), peak_mb(pid))
        except OSError:
            continue  # it ended meanwhile
    return peaks


def cpu_s(pid: int) -> float:
    """Seconds that it has had of a processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Resident memory in MB of 10^6 bytes."""
    return _memory_mb(pid, "VmRSS:")


def peak_mb(pid: int) -> float:
    """The most resident memory that it had, in MB of 10^6 bytes."""
    return _memory_mb(pid, "VmHWM:")


def _memory_mb(pid: int, line: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kib = next((int(each.split()[1]) for each in lines if each.startswith(line)), 0)  # none: it is ending
    return round(kib * 1024 / 1e6, 1)
