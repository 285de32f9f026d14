"""Groups: each package in a control group of its own, so that the kernel keeps it within its memory, tasks and processors.

systemd delegates the unit's part of the tree (Delegate= in gatewright.service). The host and its starter go into a leaf of it, as a
group that hands controllers on may have no processes itself, and each package gets one beside that. In a checkout, with cgroup v1,
or where the kernel has a controller switched off (Raspberry Pi OS does so with memory), excess.py alone watches over what is left.
Sources: Linux, Documentation/admin-guide/cgroup-v2.rst; systemd, Control Group APIs and Delegation.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.words import Text, joined
from firmware.processes.excess import MOST_BYTES, MOST_PROCESSES

LOG = logging.getLogger("supervisor")

TREE = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
DELEGATED = "user.delegate"
"""Attribute of a group that systemd (251 or later) leaves to its service."""
HOST, PACKAGE = "host", "package-"
GONE_WITHIN_S = 2.0

_BOARD_BYTES = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
_CORES = os.cpu_count() or 1
MOST_MEMORY = _BOARD_BYTES - max(64 << 20, _BOARD_BYTES // 8)
"""Of all processes of a package with their files in memory; what is left is the host's and the system's."""
MOST_TASKS = 512
"""Processes and threads: ANPR has about 100."""
CPU_PERIOD_US = 10_000
CPU_SPARE_US = 1_000
"""Of each period one processor is the host's for so long, whatever the package does; a package is never held up for longer."""
CPU_PCT = 100 - 100 * CPU_SPARE_US // (_CORES * CPU_PERIOD_US)

LIMITS: Mapping[str, Mapping[str, str]] = {
    "memory": {"memory.high": str(MOST_MEMORY * 15 // 16), "memory.max": str(MOST_MEMORY)},
    "pids": {"pids.max": str(MOST_TASKS)},
    "cpu": {"cpu.max": f"{_CORES * CPU_PERIOD_US - CPU_SPARE_US} {CPU_PERIOD_US}"},
}
"""{controller: {file: what is written there}}"""


@dataclass(slots=True)
class Group:
    """Of one package; its supervisor alone asks."""

    path: Path
    _kills: int = field(default=0)

    def join(self, pid: int) -> None:
        """A process that was just started, with all that it will start. One that has ended, or a kernel that refuses, is left."""
        with suppress(OSError):
            (self.path / "cgroup.procs").write_text(str(pid))

    def ran_out_of_memory(self) -> bool:
        """The kernel has killed a process in it since this was asked last."""
        try:
            lines = (self.path / "memory.events").read_text().splitlines()
        except OSError:
            return False  # there is no limit
        kills = next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
        self._kills, before = kills, self._kills
        return kills > before


class Groups:
    """`base`: the group that is this host's to divide; None: there is none. `kept`: the controllers that keep limits."""

    def __init__(self, base: Path | None) -> None:
        self._base = base
        self.kept: tuple[str, ...] = ()
        if base is not None:
            try:
                self.kept = _divide(base)
            except OSError as why:
                LOG.warning("packages get no control groups: %s", why)
                self._base = None

    @classmethod
    def of_this_process(cls, tree: Path = TREE, own: Path = OWN) -> Groups:
        """As systemd has delegated it."""
        try:
            path = next(line[3:] for line in own.read_text().splitlines() if line.startswith("0::"))
            base = tree / path.strip("/")
            base = base.parent if base.name == HOST else base  # a host that has become another one
            return cls(base if os.getxattr(base, DELEGATED) == b"1" else None)
        except (OSError, StopIteration):
            return cls(None)

    def of(self, name: str) -> Group | None:
        """For the processes of that package, with its limits; None where there is no such thing."""
        if self._base is None:
            return None
        path = self._base / f"{PACKAGE}{name}"
        try:
            path.mkdir(exist_ok=True)
            for controller in self.kept:
                for file, value in LIMITS[controller].items():
                    (path / file).write_text(value)
        except OSError as why:
            LOG.error("%s runs without limits of the kernel: %s", name, why)
            return None
        group = Group(path)
        group.ran_out_of_memory()
        return group

    def end(self, name: str) -> None:
        """The package has stopped: whatever of it has got away ends, too."""
        if self._base is not None:
            _remove(self._base / f"{PACKAGE}{name}")

    @property
    def about(self) -> Text:
        """Which limits hold, for people."""
        single = {"memory_mb": MOST_BYTES >> 20, "processes": MOST_PROCESSES}
        watched = Text("A process that takes more than {memory_mb} MB, or starts more than {processes} others, is ended", single)
        whole = {
            "memory": Text("{memory_mb} MB of memory", {"memory_mb": MOST_MEMORY >> 20}),
            "pids": Text("{tasks} processes and threads", {"tasks": MOST_TASKS}),
            "cpu": Text("{percent} % of the processors", {"percent": CPU_PCT}),
        }
        kept = [text for name, text in whole.items() if name in self.kept]
        lost = [text for name, text in whole.items() if name not in self.kept]
        if not kept:
            return joined([watched, Text("here the kernel keeps no limits of a package as a whole")])
        held = Text("the kernel keeps each package as a whole within {limits}", {"limits": kept})
        return joined([watched, held, *([Text("not kept here: {limits}", {"limits": lost})] if lost else ())])


def _divide(base: Path) -> tuple[str, ...]:
    """Moves all into the leaf of the host, and hands on what the kernel offers. OSError: this group is not ours."""
    leaf = base / HOST
    leaf.mkdir(exist_ok=True)
    for pid in (base / "cgroup.procs").read_text().split():
        with suppress(ProcessLookupError):
            (leaf / "cgroup.procs").write_text(pid)
    for left in base.glob(f"{PACKAGE}*"):
        _remove(left)
    offered = (base / "cgroup.controllers").read_text().split()
    kept = []
    for controller in LIMITS:
        if controller not in offered:
            continue
        try:
            (base / "cgroup.subtree_control").write_text(f"+{controller}")
            kept.append(controller)
        except OSError as why:
            LOG.warning("the kernel keeps no limit of a package's %s: %s", controller, why.strerror)
    return tuple(kept)


def _remove(group: Path) -> None:
    until = time.monotonic() + GONE_WITHIN_S
    with suppress(OSError):
        (group / "cgroup.kill").write_text("1")
    while group.exists():
        try:
            group.rmdir()
        except OSError as why:
            if time.monotonic() > until:
                LOG.warning("%s stays: %s", group, why.strerror)
                return
            time.sleep(0.02)
