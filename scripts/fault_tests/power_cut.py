"""Power cut: the virtual board's QEMU is killed at random moments, and the board is booted again with what its disk then holds.

Pins, service and engine run there on an ext4 disk, the engine before a played barrier (barrier.py). With QEMU the machine's memory
is lost, and a random part of the writes that its disk had not been told to flush (write_log.py). The wall clock is right after
some boots, and goes on from an earlier time after others, as on a board without a battery. At some boots STATE/run is empty, as
where it lies in memory.

What must hold, told by the guest (guest.py) on a line that leaves the machine at once:

- SQLite finds the database whole after every boot.
- Every passage that had been stored for SAFE_S when the power went is there, unless the guest had no processor meanwhile.
- Nothing opens without a car, and nothing opens twice for one, though it stands before the barrier through the cut; but if the
  power went within SAFE_S of the opening, the board may not know of it any more.
- A car that was not let in before the cut is let in after it.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TextIO

from board.kit.state import State
from scripts.fault_tests.camera import ROOT, prepare
from scripts.fault_tests.kill import Say
from scripts.fault_tests.write_log import replay
from scripts.virtual.machine import CACHE, OWN, build, command, missing

SAFE_S = 3.0
"""The service syncs once a second; the rest is for a busy virtual machine, and for the time until the guest has told."""

SAFE_TURNS = 15
"""Only a guest that has also turned its own loop so often meanwhile (30 times, if it has its processor) can have synced: what a
machine without time lost is no fault of the camera's, but counted ("starved")."""

SAFE_SYNCS = 3
"""Nor can a disk that answered fewer syncs of the guest's own meanwhile, of which one begins each half second: whatever waits for a
disk that stalls for seconds is lost with the power. Counted as "starved", too."""

LIFE_S = 20.0
"""From when the camera is up until the cut, at most."""

EARLY = 0.15
"""This share of cuts comes while the camera starts, at most EARLY_S after its disk was looked at."""

EARLY_S = 15.0
BOOT_S = 600.0
LET_IN_S = 15.0
"""If a car has stood there for so long, the camera being up, and was not let in, the power is left on until it is."""

FORGOTTEN_S = 150.0
"""But for no longer than this: then it is forgotten. An emulated processor that gets no time lets pulses expire; they are asked for
anew."""

DISK_MB = 96
CLOCK_BACK = 0.5
RUN_EMPTIED = 0.5
EARLIER = "2026-01-02T03:04:05"


@dataclass(frozen=True, slots=True)
class Moment:
    """`at`: in seconds of this computer's monotonic clock; `turns`: of the guest's own loop until then; `syncs`: that its disk had
    answered by then."""

    at: float
    turns: int
    syncs: int


@dataclass(slots=True)
class World:
    """What is known outside of the board, over all boots."""

    stored: dict[str, Moment] = field(default_factory=dict)
    openings: dict[str, list[Moment]] = field(default_factory=dict)
    cuts: list[Moment] = field(default_factory=list)
    turns: int = 0
    syncs: int = 0
    standing: str = ""
    came: float = 0.0
    """When the standing car came, or the camera was up again while it stood there."""

    looked: bool = False
    """The guest has looked at its disk since the boot."""

    up: bool = False
    doubtful: int = 0
    """Openings that came twice because the power went too soon after the first."""

    starved: int = 0
    """Passages and openings that would be safe by the clock, of a guest that did not turn or whose disk did not answer."""

    wrong: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self.looked = self.up = False

    def hear(self, what: dict[str, Any], now: float) -> None:
        """One line of the guest."""
        match what:
            case {"found": found}:
                self._found(found)
            case {"turn": _}:
                self.turns += 1
            case {"synced": _}:
                self.syncs += 1
            case {"up": _}:
                self.up, self.came = True, now
            case {"came": plate}:
                self.standing, self.came = plate, now
            case {"stored": number}:
                self.stored[number] = Moment(now, self.turns, self.syncs)
            case {"opened": plate}:
                self._opened(plate, now)

    def cut(self, now: float) -> None:
        self.cuts.append(Moment(now, self.turns, self.syncs))
        if self.waits_s(now) > FORGOTTEN_S:
            self.wrong.append(f"{self.standing} was not let in, {now - self.came:.1f} s after it came")

    def waits_s(self, now: float) -> float:
        """How long the car that stands there has waited before a closed barrier."""
        closed = self.up and self.standing and not self.openings.get(self.standing)
        return now - self.came if closed else 0.0

    def _found(self, found: dict[str, Any]) -> None:
        self.looked = True
        if found["integrity"] != "ok":
            self.wrong.append(f"the database is damaged: {found['integrity']}")
        there = set(found["passages"])
        for number, at in self.stored.items():
            if number not in there and self.cuts and self._was_safe(at, self.cuts[-1]):
                age_s = self.cuts[-1].at - at.at
                self.wrong.append(f"passage {number} was told {age_s:.1f} s before the power went, and is gone")
        self.stored = {number: at for number, at in self.stored.items() if number in there}

    def _opened(self, plate: str, now: float) -> None:
        if not plate:
            self.wrong.append("the gate opened without a car")
        before = self.openings.setdefault(plate, [])
        if before:
            cut = next((cut for cut in self.cuts if cut.at >= before[-1].at), None)
            if cut is None or self._was_safe(before[-1], cut):
                self.wrong.append(f"the gate opened again for {plate}, {now - before[-1].at:.1f} s after the first time")
            else:
                self.doubtful += 1
        before.append(Moment(now, self.turns, self.syncs))

    def _was_safe(self, then: Moment, cut: Moment) -> bool:
        """Whether what was told then must outlive the cut."""
        if cut.at - then.at < SAFE_S:
            return False
        starved = cut.turns - then.turns < SAFE_TURNS or cut.syncs - then.syncs < SAFE_SYNCS
        self.starved += starved
        return not starved


def run(times: int, seed: int, folder: Path, say: Say) -> dict[str, Any]:
    """As kill.run; "skipped" says why this computer cannot do it."""
    built = CACHE / OWN
    why = unbuilt()
    if why:
        return {"skipped": f"no power was cut, nothing was tested: {why}", "violations": []}
    chance = random.Random(seed)
    world = World()
    counts = Counter(
        {"cuts": 0, "before_it_was_up": 0, "clock_set_back": 0, "run_emptied": 0, "writes_unflushed": 0, "writes_lost": 0}
    )
    began = time.monotonic()
    _new_camera(folder / "content")
    make_disk(folder)
    while counts["cuts"] < times and not world.wrong:
        back, emptied = chance.random() < CLOCK_BACK, chance.random() < RUN_EMPTIED
        _one_boot(folder, built, world, chance, back, emptied)
        lost = replay(folder / "log", folder / "disk", chance)
        counts.update(
            cuts=1,
            before_it_was_up=not world.up,
            clock_set_back=back,
            run_emptied=emptied,
            writes_unflushed=lost.unflushed,
            writes_lost=lost.lost,
        )
        say(f"{counts['cuts']} cuts, {len(world.stored)} passages, {len(world.openings)} cars, {time.monotonic() - began:.0f} s")
    return {
        **counts,
        "passages": len(world.stored),
        "cars": len(world.openings),
        "openings": sum(map(len, world.openings.values())),
        "openings_again_within_safe_s": world.doubtful,
        "starved": world.starved,
        "safe_s": SAFE_S,
        "seconds": round(time.monotonic() - began, 1),
        "violations": world.wrong,
    }


def unbuilt() -> str:
    """Why the virtual board cannot be used here, "" when it is built."""
    why = missing(OWN) or ("" if shutil.which("mkfs.ext4") else "mkfs.ext4 missing here: apt-get install e2fsprogs")
    return why or build(CACHE / OWN, OWN)


def _new_camera(content: Path) -> None:
    state = State(content / "state")
    prepare(state, 9)  # a port at which nobody listens
    state.run.mkdir(mode=0o700)


def make_disk(folder: Path) -> None:
    """FOLDER/disk, an ext4 disk that holds what FOLDER/content does."""
    image = str(folder / "disk")
    subprocess.run(["truncate", "-s", f"{DISK_MB}M", image], check=True)
    subprocess.run(
        ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", "-d", str(folder / "content"), image], check=True
    )


def _one_boot(folder: Path, built: Path, world: World, chance: random.Random, back: bool, emptied: bool) -> None:
    """Boots, lets the guest work, cuts the power. `back`: the wall clock begins at an earlier time; `emptied`: STATE/run is
    empty."""
    out = folder / "out"
    out.mkdir(exist_ok=True)
    let_in = bool(world.openings.get(world.standing))
    plan = {"seed": chance.randrange(1 << 30), "plate": world.standing, "let_in": let_in, "run_emptied": emptied}
    (out / "plan.json").write_text(json.dumps(plan))
    early = chance.random() < EARLY
    life_s = chance.uniform(0, EARLY_S if early else LIFE_S)
    clock = ["-rtc", f"base={EARLIER}"] if back else []
    with powered(folder, built, "guest.sh", clock) as (process, told):
        world.begin()
        _listen(world, told, process, life_s, early)
        process.kill()
        process.wait()
        world.cut(time.monotonic())
        hear(world, told)


class Hears(Protocol):
    def hear(self, what: dict[str, Any], now: float) -> None:
        """One line of the guest."""


@contextmanager
def powered(folder: Path, built: Path, script: str, more: Sequence[str] = ()) -> Iterator[tuple[subprocess.Popen[bytes], TextIO]]:
    """Boots the board with a copy of FOLDER/disk, whose writes stand in FOLDER/log: (QEMU, what the guest tells). FOLDER/out is
    shared with it. At the end the power is off."""
    shutil.copy(folder / "disk", folder / "working-disk")
    for name in ("log", "told"):
        (folder / name).write_bytes(b"")
    line = command(built, OWN, folder / "out", ROOT / "scripts" / "fault_tests" / script, "", ("-accel", "tcg"))
    with (folder / "console").open("wb") as console, (folder / "told").open() as told:
        process = subprocess.Popen(
            [*line, *more, *_devices(folder)], stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT
        )
        try:
            yield process, told
        finally:
            process.kill()
            process.wait()


def _devices(folder: Path) -> list[str]:
    return [
        "-chardev", f"file,id=told,path={folder / 'told'}",
        "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=told",
        "-blockdev", f"driver=file,node-name=raw,filename={folder / 'working-disk'}",
        "-blockdev", f"driver=file,node-name=log,filename={folder / 'log'}",
        "-blockdev", "driver=blklogwrites,node-name=disk,file=raw,log=log,log-sector-size=512",
        "-device", "virtio-blk-pci,drive=disk,write-cache=on",
    ]  # fmt: skip


def _listen(world: World, told: TextIO, process: subprocess.Popen[bytes], life_s: float, early: bool) -> None:
    """Until the moment of the cut."""
    until: float | None = None
    boot_until = time.monotonic() + BOOT_S
    while until is None or time.monotonic() < until or LET_IN_S < world.waits_s(time.monotonic()) <= FORGOTTEN_S:
        hear(world, told)
        if until is None and (world.up or (early and world.looked)):
            until = time.monotonic() + life_s
        if process.poll() is not None or (until is None and time.monotonic() > boot_until):
            raise SystemExit(f"faults: the guest ended or does not start; see {Path(told.name).with_name('console')}")
        time.sleep(0.02)


def hear(world: Hears, told: TextIO) -> None:
    """Takes the whole lines that are there; the last one may have ended with the machine."""
    while True:
        begin = told.tell()
        line = told.readline()
        if not line.endswith("\n"):
            told.seek(begin)
            return
        world.hear(json.loads(line), time.monotonic())
