"""Excess: what a package's process, with all that it started, may take of the board before it is ended."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Mapping
from dataclasses import field
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.words import NOTHING, Text

MOST_PROCESSES = 64
MOST_BYTES = min(1 << 30, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4)
"""Of memory. The largest process of ours takes a tenth of it, on a board of 512 MB a quarter."""

LOOK_EVERY_S, LOOK_SOON_S = 1.0, 0.1
"""Sooner while something has taken a third of what it may: 16 MB each 20 ms went past all bounds between two looks of a second."""
KILLED_TIMES = 8
"""A look at all processes misses one that was begun during it; its parent is gone by the next look."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Taken:
    """By the processes of one session: each of a package's processes begins one. `resident`: bytes of memory."""

    pids: list[int] = field(default_factory=list)
    resident: int = 0
    alive: bool = False
    """Whether one of them has not ended: who has is there until its parent has asked for its exit code."""

    @property
    def excess(self) -> Text:
        """What is too much, "" when nothing is."""
        if self.resident > MOST_BYTES:
            return Text("took more than {most_mb} MB of memory; killed", {"most_mb": MOST_BYTES >> 20})
        if len(self.pids) > MOST_PROCESSES:
            return Text("started more than {most} processes; killed", {"most": MOST_PROCESSES})
        return NOTHING

    @property
    def much(self) -> bool:
        """Whether it is on the way there."""
        return 3 * self.resident > MOST_BYTES or 3 * len(self.pids) > MOST_PROCESSES

    def kill(self) -> None:
        """All of them, also those that left the process group."""
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue  # it has ended, or is of a user of its own: the group's end is the supervisor's


def end(session: int) -> None:
    """All processes of it, also those that are begun meanwhile, as far as this user may."""
    for _ in range(KILLED_TIMES):
        taken = sessions({session}).get(session)
        if taken is None or not taken.alive:
            return
        taken.kill()


def sessions(wanted: Collection[int]) -> Mapping[int, Taken]:
    """{session: what it takes}, of those among `wanted` of which this user may see a process (proc(5), stat). Of all others nothing
    is read but whose they are: the kernel takes long to make up a process's line, and a supervisor looks once a second."""
    found: dict[int, Taken] = {}
    for entry in os.scandir("/proc"):
        try:
            if not entry.name.isdigit() or os.getsid(int(entry.name)) not in wanted:
                continue
            fields = Path(entry.path, "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        taken = found.setdefault(int(fields[3]), Taken())
        taken.pids.append(int(entry.name))
        taken.alive |= fields[0] != b"Z"
        taken.resident += int(fields[21]) * _PAGE_BYTES
    return found
