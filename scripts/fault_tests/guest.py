"""Guest: what runs in the virtual board whose power is cut: looks at its disk, starts the camera there, and plays cars.

It tells what happens on a port that leaves the machine at once, one JSON object a line: {"found": ...} what the disk held at the
boot, {"up": true} the camera has begun, {"turn": true} it has looked once more, {"synced": true} the disk has answered a sync,
{"came": plate}, {"stored": id of a passage}, {"opened": plate of the car there}.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any, TextIO

from board.kit.files import write_unsynced
from board.kit.state import State
from scripts.fault_tests.camera import Camera
from scripts.fault_tests.evidence import GATE, database, opened
from scripts.fault_tests.kill import new_plate

DISK = Path("/data")
OUT = Path("/run/out")
STANDS_S = (0.3, 3.0)
"""A car stays for so long before the open barrier."""

LOOK_EVERY_S = 0.1
SYNC_EVERY_S = 0.5
SEEN_AGAIN_S = 8.0
"""For so long after the engine has begun, a car of before the boot stays that must not be let in twice."""


def main() -> None:
    plan = json.loads((OUT / "plan.json").read_text())
    chance = random.Random(plan["seed"])
    state, edges = State(DISK / "state"), Path("/run/sim")
    edges.mkdir()
    if plan["run_emptied"]:
        shutil.rmtree(state.run)
        state.run.mkdir(mode=0o700)
    if not state.sim.is_symlink():
        state.sim.symlink_to(edges)  # the edges are the outer world: no disk of the camera holds them
    [port_file] = Path("/dev").glob("vport*")
    with port_file.open("w") as port:
        integrity, passages = found(state)
        lane = Lane(state, Path("/run/lane"), set(passages), port)
        lane.tell(found={"integrity": integrity, "passages": passages})
        threading.Thread(target=_sync, args=(lane,), daemon=True).start()
        lane.show(plan["plate"])
        beat = state.beat("engine")
        beat.unlink(missing_ok=True)
        with Camera(state, Path("/run/lane")) as camera:
            camera.start()
            camera.wait_until_up()
            while not beat.exists():
                lane.look()
            lane.tell(up=True)
            if plan["plate"]:
                lane.watch(SEEN_AGAIN_S, until_opened=not plan["let_in"])
            while True:
                plate = new_plate(chance)
                lane.tell(came=plate)
                lane.show(plate)
                lane.watch(chance.uniform(*STANDS_S), until_opened=True)


def _sync(lane: Lane) -> None:
    """Tells each time that the disk has taken something, as it does for the camera."""
    with (DISK / "probe").open("wb", buffering=0) as file:
        while True:
            file.write(b"x")
            os.fsync(file.fileno())
            lane.tell(synced=True)
            time.sleep(SYNC_EVERY_S)


def found(state: State) -> tuple[str, list[str]]:
    """SQLite's word on the file, and the passages in it. It first recovers what it finds, as it does for the service."""
    recovered = sqlite3.connect(state.database)
    recovered.execute("SELECT count(*) FROM passages").fetchone()
    integrity, passages, _ = database(state.database)
    recovered.close()
    return integrity, [passage.id for passage in passages]


class Lane:
    """What stands before the barrier, and what becomes of it. `known`: ids of passages of before."""

    def __init__(self, state: State, file: Path, known: set[str], port: TextIO) -> None:
        self._state = state
        self._file = file
        self._known = known
        self._port = port
        self._telling = threading.Lock()
        self._store = sqlite3.connect(f"file:{state.database}?mode=ro", uri=True, timeout=10)
        self._pulses = 0
        self._plate = ""
        self._opened = False

    def tell(self, **what: Any) -> None:
        with self._telling:
            self._port.write(json.dumps(what) + "\n")
            self._port.flush()

    def show(self, plate: str) -> None:
        self._plate, self._opened = plate, False
        write_unsynced(self._file, plate.encode())

    def watch(self, seconds: float, until_opened: bool) -> None:
        """For so long; before that, `until_opened`, until the car is let in."""
        while until_opened and not self._opened:
            self.look()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.look()

    def look(self) -> None:
        time.sleep(LOOK_EVERY_S)
        self.tell(turn=True)
        pulses = len(opened(self._state, GATE))
        for _ in range(pulses - self._pulses):
            self._opened = True
            self.tell(opened=self._plate)
        self._pulses = pulses
        for (number,) in self._store.execute("SELECT id FROM passages"):
            if number not in self._known:
                self._known.add(number)
                self.tell(stored=number)


if __name__ == "__main__":
    main()
