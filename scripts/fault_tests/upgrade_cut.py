"""Upgrade cut: the virtual board's QEMU is killed while its host upgrades a package or goes back, and the board boots again with
what its disk then holds: as in power_cut.py a random part of the writes that it had not been told to flush is gone.

Most cuts come at a random moment of an upload, the unpacking, the saving of data, the switch, the migration at the new version's
start or its trial, or of a way back with the data of before; some while the board boots. Every third version migrates data so that
no earlier one reads it (release.py). What must hold after each, told by the guest (upgrade_guest.py):

- The old or the new version runs and answers, and Package Management shows that one. Once a version was good, it stays.
- Every row that the package has confirmed is there (rows.py), its database is whole.
- Nothing is left of what was cut off.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from scripts.fault_tests.host import Host, until
from scripts.fault_tests.kill import Say
from scripts.fault_tests.power_cut import BOOT_S, hear, make_disk, powered, unbuilt
from scripts.fault_tests.release import release
from scripts.fault_tests.rows import Rows
from scripts.fault_tests.upgraded import GIVEN_UP
from scripts.fault_tests.write_log import replay
from scripts.virtual.machine import CACHE, OWN
from vadp_package.build import pack

TWO = ("-smp", "2")
"""Processors of the board: host, package and client each have work meanwhile."""
EARLY = 0.15
"""This share of cuts comes while the camera starts, at most EARLY_S after its disk was there."""
EARLY_S = 30.0
AHEAD = 8
"""So many versions are more than a guest gets to between its boot and its cut."""
FIRST_UPGRADE_S = 40.0
"""How long an upgrade is thought to take until one was seen."""


@dataclass(slots=True)
class World:
    """What is known outside of the board, over all boots. `allowed`: versions of which one must run; `upgrade_s`: what the longest
    upgrade took."""

    allowed: set[str]
    newest: int
    rows: Rows = field(default_factory=Rows)
    upgrade_s: float = 0.0
    began: float | None = None
    upgrading: bool = False
    looked: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def hear(self, what: dict[str, Any], now: float) -> None:
        """One line of the guest."""
        match what:
            case {"found": found}:
                self._found(found)
            case {"row": [row, layout]}:
                self.rows.add(row, layout)
            case {"begins": [old, new]}:
                self.allowed = {old, new}
                self.newest = max(self.newest, int(new.partition(".")[0]))
                self.began, self.upgrading = now, True
            case {"good": version}:
                self.allowed = {version}
                if self.upgrading and self.began is not None:
                    self.upgrade_s = max(self.upgrade_s, now - self.began)
                    self.counts["upgrades_done"] += 1
                self.upgrading = False

    def _found(self, found: dict[str, Any]) -> None:
        self.looked = True
        given_up = GIVEN_UP in found["message"]  # every cut on trial counts as one
        self.counts["given_up_after_three_starts"] += given_up
        wrong = [
            f"{found['version']} runs, {' or '.join(sorted(self.allowed))} should"
            if found["version"] not in self.allowed and not given_up
            else "",
            f"Package Management shows {found['shown']}, {found['version']} runs" if found["shown"] != found["version"] else "",
            *self.rows.wrong(found),
            f"left behind: {', '.join(found['left'])}" if found["left"] else "",
        ]
        self.wrong += [each for each in wrong if each]


def run(times: int, seed: int, folder: Path, say: Say) -> dict[str, Any]:
    """As kill.run; "skipped" says why this computer cannot do it."""
    why = unbuilt()
    if why:
        return {"skipped": f"no power was cut, nothing was tested: {why}", "violations": []}
    chance, began = random.Random(seed), time.monotonic()
    _prepare(folder)
    (folder / "out").mkdir()
    world = World({"2.0.0"}, 2)
    while world.counts["cuts"] < times and not world.wrong:
        _one_boot(folder, world, chance)
        lost = replay(folder / "log", folder / "disk", chance)
        world.counts.update(cuts=1, writes_unflushed=lost.unflushed, writes_lost=lost.lost)
        say(f"{world.counts['cuts']} cuts, {dict(world.counts)}, {time.monotonic() - began:.0f} s")
    if not world.wrong:
        with powered(folder, CACHE / OWN, "upgrade_guest.sh", TWO) as (process, told):  # what the last cut left
            _plan(folder, world, chance)
            _until_found(world, process, told)
    return {
        **world.counts,
        "rows_confirmed": world.rows.newest,
        "longest_upgrade_s": round(world.upgrade_s, 1),
        "seconds": round(time.monotonic() - began, 1),
        "violations": world.wrong,
    }


def _prepare(folder: Path) -> None:
    """A disk with a camera on which two versions are installed, made here: a boot of the board takes a minute."""
    content = folder / "content"
    with Host(content, content / "state") as host:
        for number in (1, 2):
            host.upload(pack(release(number)))
            host.call("POST", "api/packages/TINY/start", {})
            until(lambda: (host.package() or {}).get("slot_state") == "good", 60, "a good version")
    shutil.rmtree(content / "state" / "run")
    (content / "state" / "run").mkdir(mode=0o700)
    make_disk(folder)


def _plan(folder: Path, world: World, chance: random.Random) -> None:
    plan = {"seed": chance.randrange(1 << 30), "newest": world.newest, "row": world.rows.newest}
    (folder / "out" / "plan.json").write_text(json.dumps(plan))
    for number in range(world.newest + 1, world.newest + 1 + AHEAD):
        path = folder / "out" / f"{number}.tar.gz"
        if not path.exists():
            path.write_bytes(pack(release(number)))


def _one_boot(folder: Path, world: World, chance: random.Random) -> None:
    """Boots, lets the guest work, cuts the power."""
    _plan(folder, world, chance)
    world.began, world.upgrading, world.looked = None, False, False
    early = chance.random() < EARLY
    within_s = EARLY_S if early else (world.upgrade_s or FIRST_UPGRADE_S)
    moment_s = chance.uniform(0, within_s)
    with powered(folder, CACHE / OWN, "upgrade_guest.sh", TWO) as (process, told):
        if early:
            _until(world, process, told, lambda: Path(told.name).stat().st_size > 0)
        else:
            _until(world, process, told, lambda: world.began is not None)
        until_s = time.monotonic() + moment_s
        while time.monotonic() < until_s:
            hear(world, told)
            time.sleep(0.02)
        process.kill()
        process.wait()
        hear(world, told)
        world.counts["while_it_started" if not world.looked else "in_an_upgrade" if world.upgrading else "between"] += 1


def _until_found(world: World, process: subprocess.Popen[bytes], told: TextIO) -> None:
    world.looked = False
    _until(world, process, told, lambda: world.looked)


def _until(world: World, process: subprocess.Popen[bytes], told: TextIO, seen: Callable[[], bool]) -> None:
    end = time.monotonic() + BOOT_S
    while not seen():
        hear(world, told)
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"faults: the guest ended or does not start; see {Path(told.name).with_name('console')}")
        time.sleep(0.02)
