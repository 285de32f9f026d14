"""Kill: each car stands before the barrier until it is let in, and the camera's processes are killed meanwhile.

What must hold, and is looked at on the disk and at the server, not in the camera's own words:

- A passage that was in the database once, or that the server was told of, is there at the end.
- The server is told of every passage at least once, under one key each.
- No pulse begins later after the picture than the maximum age of its kind.
- Every pulse belongs to a delivery of its own, and no car, which may stand there over several kills, gets two.
- Every car is let in: those that are killed in the middle are not forgotten.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from board.kit.files import write_unsynced
from board.kit.state import State
from scripts.fault_tests.camera import PROCESSES, SERVER, Camera, prepare
from scripts.fault_tests.evidence import GATE, Car, Found, collect, verdict
from scripts.fault_tests.peer import Peer, counting_peer

VICTIMS = (
    (PROCESSES, 5), (("engine",), 2), (("service",), 2), (("pins",), 2), (("pins", "service"), 1), (("engine", "service"), 1),
)  # fmt: skip
"""Who is killed together, and how often beside the others."""

STAYS = 0.5
"""This share of cars stays before the open barrier over one more kill."""

LONGEST_LIFE_S = 0.5
"""After a car has come, or after the processes are up again, until the next kill: from the first frame to the server it takes half
of that on a quiet computer."""

WAIT_S = 45.0
"""A car that is not let in within this time is forgotten."""

STANDS_S = 0.6
"""A car that was let in and stays is seen again for so long after the processes are up again."""

POLL_S = 0.03
SETTLE_S = 90.0
"""For the messages that wait at the end."""

SERVER_FAILS = 0.1
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"

Say = Callable[[str], None]


@dataclass(slots=True)
class _Run:
    state: State
    camera: Camera
    peer: Peer
    chance: random.Random
    lane: Path
    """The file with the plate of the car that stands there."""

    say: Say
    kills_left: int
    cars: list[Car] = field(default_factory=list)
    once_there: set[str] = field(default_factory=set)
    begun_ns: dict[str, int] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)

    def look(self) -> Found:
        found = collect(self.state, self.begun_ns)
        self.once_there |= {passage.id for passage in found.passages}
        return found

    def one_car(self) -> list[str]:
        """It comes, is let in, perhaps stands there for a while, and leaves; its violations."""
        plate = new_plate(self.chance)
        came_ns = time.monotonic_ns()
        write_unsynced(self.lane, plate.encode())
        for _ in range(self.chance.choice((0, 1, 1, 2))):
            self._kill(LONGEST_LIFE_S)
        self.camera.wait_until_up()
        found = self._wait_for_gate(plate)
        if self.chance.random() < STAYS:
            self._kill(LONGEST_LIFE_S)
            self.camera.wait_until_up()
            time.sleep(STANDS_S)
            found = self.look()
        car = Car(plate, came_ns, time.monotonic_ns())
        self.cars.append(car)
        return [*self.camera.died(), *verdict(found, [car], self.once_there, {}, ())]

    def _kill(self, within_s: float) -> None:
        time.sleep(self.chance.uniform(0, within_s))
        if not self.kills_left:
            return
        self.kills_left -= 1
        [victims] = self.chance.choices([names for names, _ in VICTIMS], [often for _, often in VICTIMS])
        self.camera.kill(victims)
        self.killed["+".join(victims)] += 1
        self.camera.start(self.chance.sample(victims, len(victims)))
        if self.kills_left % 10 == 0:
            self.say(f"{sum(self.killed.values())} kills, {len(self.cars)} cars, {len(self.peer.told)} messages")

    def _wait_for_gate(self, plate: str) -> Found:
        until = time.monotonic() + WAIT_S
        while True:
            found = self.look()
            mine = {passage.id for passage in found.passages if passage.plate == plate}
            begun = any(sent.passage_id in mine and sent.rule == GATE and sent.begun_ns for sent in found.sent)
            if begun or self.camera.died() or time.monotonic() > until:
                return found
            time.sleep(POLL_S)


def run(times: int, seed: int, folder: Path, say: Say) -> dict[str, Any]:
    """Kills `times` times; the summary, whose "violations" are empty if all held. `folder`: for the state."""
    state, lane = State(folder / "state"), folder / "lane"
    write_unsynced(lane, b"")
    began = time.monotonic()
    with counting_peer(seed, SERVER_FAILS) as peer, Camera(state, lane) as camera:
        prepare(state, peer.port)
        camera.start()
        camera.wait_until_up()
        this = _Run(state, camera, peer, random.Random(seed), lane, say, times)
        violations: list[str] = []
        while this.kills_left and not violations:
            violations = this.one_car()
        write_unsynced(lane, b"")
        peer.fails = 0.0
        found = settled(this.look)
    told = dict(peer.events)
    violations += [each for each in verdict(found, this.cars, this.once_there, told, (SERVER,)) if each not in violations]
    violations += [f"the server got two passages under the key {key}" for key in peer.mixed_up]
    return {
        "kills": sum(this.killed.values()),
        "killed": dict(sorted(this.killed.items())),
        "cars": len(this.cars),
        "passages": len(found.passages),
        "pulses": {line: len(edges) for line, edges in found.opened_ns.items()},
        "told": len(told),
        "told_again": sum(peer.told.values()) - len(told),
        "seconds": round(time.monotonic() - began, 1),
        "violations": violations,
    }


def new_plate(chance: random.Random) -> str:
    """Unlike every other, as good as ever."""
    return "".join(chance.choices(LETTERS, k=4)) + f"{chance.randrange(10_000):04}"


def settled(look: Callable[[], Found]) -> Found:
    """What is found once nothing waits any more."""
    until = time.monotonic() + SETTLE_S
    while True:
        found = look()
        if time.monotonic() > until or not any(sent.state in ("pending", "sending") for sent in found.sent):
            return found
        time.sleep(0.2)
