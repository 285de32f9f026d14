"""A queue before the barrier, with random moves: a guard opens by hand, also for who drives out, processes die, and whoever is
refused is read anew in any order. Nobody is let in who has driven in already, nor before one in front of him who was read before;
and everybody gets in."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence

import pytest

from engine.lane.lane import OPEN, OPEN_NOW, REFUSE_NOW, Lane, Rules
from engine.lane.machine import Effect, S, Vehicle
from engine.lane.table import ARMING, EXIT, SAFETY, WAITING
from tests.unit.engine.lane.test_random_traffic import PLATES, ZONES

BEYOND = len(ZONES) - 1
NARROW = (*ZONES[:2], frozenset(), *ZONES[3:])
"""The same for one that does not reach over the arming and the safety loop."""
LOOPS = ((ARMING, SAFETY), (SAFETY,), (ARMING, SAFETY, EXIT), (SAFETY, EXIT), (ARMING,))


class Queue:
    """`places`: where each vehicle is, the first one first; `known`: who was read, in order; `anew`: who is read anew, when;
    `asked`: about whom a server is asked, and when he was seen."""

    def __init__(self, random_: random.Random, loops: Iterable[str], zones: Sequence[Iterable[str]]) -> None:
        self.random = random_
        self.zones = zones
        self.rules = Rules(frozenset(loops))
        self.now_ns = 1_000 * S
        self.coming = random_.sample(PLATES, len(PLATES))
        self.places: dict[str, int] = {}
        self.drives_out = 0
        self.opened: set[str] = set()
        self.by_hand: set[str] = set()
        self.of_read: dict[str, str] = {}
        self.known: list[str] = []
        self.reads = itertools.count(1)
        self.anew: list[tuple[int, str]] = []
        self.asked: list[tuple[int, str]] = []
        self.lane = Lane(self.rules)
        self.look(self.lane.begin({}, self.lane.handover(self.now_ns), self.now_ns))

    def another_comes(self) -> None:
        if self.coming and 0 not in self.places.values():
            plate = self.coming.pop()
            self.places[plate] = 0
            if self.random.random() < 0.5:
                self.is_read(plate)

    def one_is_read(self) -> None:
        near = [plate for plate, place in self.places.items() if place <= 2 and plate not in self.opened]
        if near:
            self.is_read(self.random.choice(near))

    def a_server_is_asked(self) -> None:
        first = next((plate for plate, place in self.places.items() if place <= 2), "")
        if self.places.get(first) == 1 and first not in self.opened:
            self.asked.append((self.now_ns, first))

    def a_server_answers(self) -> None:
        if self.asked:
            seen_ns, plate = self.asked.pop(0)
            self.is_read(plate, seen_ns)

    def one_drives(self) -> None:
        before = BEYOND + 2
        movable = []
        for plate, place in self.places.items():
            may = place == 0 or plate in self.opened or plate in self.by_hand
            if place < BEYOND and may and before - place > 2:
                movable.append(plate)
            before = place if place < BEYOND else before
        if movable:
            self.places[self.random.choice(movable)] += 1
            self.levels_are_told()

    def the_guard_opens(self) -> None:
        first = next((each for each, place in self.places.items() if place <= 2), "")
        if self.places.get(first) == 1 and first not in self.opened and self.lane.machine.state in ("free", WAITING):
            self.by_hand.add(first)
            self.look(self.lane.by_hand(self.now_ns))

    def the_guard_lets_somebody_out(self) -> None:
        if any(1 <= place < BEYOND for place in self.places.values()) or self.lane.machine.state not in ("free", WAITING):
            return
        self.look(self.lane.by_hand(self.now_ns))
        for self.drives_out in range(BEYOND - 1, -1, -1):
            self.now_ns += S // 2
            self.levels_are_told()

    def the_process_dies(self) -> None:
        kept = self.lane.handover(self.now_ns)
        refused = [self.of_read[each.passage_id] for each in self.lane.waiting] + [plate for _, plate in self.anew]
        self.now_ns += self.random.randint(5, 30) * S // 10
        self.anew = []
        self.lane = Lane(self.rules)
        self.look(self.lane.begin(self.levels(), kept, self.now_ns))
        for plate in dict.fromkeys(refused):
            self.read_anew(plate)

    def time_goes_by(self, seconds: float = 0.0) -> None:
        until_ns = self.now_ns + round((seconds or self.random.choice((0.2, 1, 3, 6, 11))) * S)
        while self.now_ns < until_ns:
            due = [self.lane.next_ns() or until_ns, until_ns, *(at_ns for at_ns, _ in self.anew)]
            self.now_ns = min(at_ns for at_ns in due if at_ns > self.now_ns)
            self.look(self.lane.tick(self.now_ns))
            for each in [each for each in self.anew if each[0] <= self.now_ns]:
                self.anew.remove(each)
                if self.places[each[1]] <= 1:
                    self.is_read(each[1])

    def is_read(self, plate: str, seen_ns: int = 0) -> None:
        read = f"read {next(self.reads)}"
        self.of_read[read] = plate
        self.known += [plate] if plate not in self.known else []
        verdict = self.lane.ask(Vehicle(read, plate, True), frozenset({"WHITELIST"}), seen_ns or self.now_ns, self.now_ns)
        if verdict.kind == OPEN:
            self.opens(plate)
        elif verdict.again:
            self.read_anew(plate)

    def read_anew(self, plate: str) -> None:
        self.anew.append((self.now_ns + self.random.randint(1, 20) * S // 10, plate))

    def levels_are_told(self) -> None:
        for role, active in self.levels().items():
            self.look(self.lane.input(role, active, self.now_ns))

    def levels(self) -> dict[str, bool]:
        covered = set(ZONES[self.drives_out]).union(*(self.zones[place] for place in self.places.values()))
        return {role: role in covered for role in (EXIT, SAFETY, ARMING) if role in self.rules.roles}

    def look(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if effect.name == OPEN_NOW:
                self.opens(self.of_read[effect.vehicle.passage_id])
            elif effect.name == REFUSE_NOW:
                self.read_anew(self.of_read[effect.vehicle.passage_id])

    def opens(self, plate: str) -> None:
        assert self.places[plate] <= 3, f"opened for {plate}, which has driven in: {self.places}"
        before = set(itertools.takewhile(lambda each: each != plate, self.places))
        ahead = [each for each in before.intersection(self.known[: self.known.index(plate)]) if self.places[each] <= 2]
        assert self.opened.issuperset(ahead), f"opened for {plate}: {self.places}"
        self.opened.add(plate)

    def waiting(self) -> list[str]:
        return [plate for plate, place in self.places.items() if place <= 1 and plate not in self.opened]


@pytest.mark.parametrize(("loops", "zones"), [*((loops, ZONES) for loops in LOOPS), (LOOPS[0], NARROW), (LOOPS[2], NARROW)])
def test_everybody_is_let_in_one_after_the_other(loops: tuple[str, ...], zones: tuple[frozenset[str], ...]) -> None:
    for seed in range(80):
        queue = Queue(random.Random(seed), loops, zones)
        moves = [queue.another_comes, *[queue.one_drives] * 3, queue.one_is_read, queue.time_goes_by]
        moves += [queue.a_server_is_asked, queue.a_server_answers] * (seed % 5 == 0)
        moves += [queue.the_guard_lets_somebody_out] * (seed % 5 == 1)
        moves += [queue.the_guard_opens] * (seed % 2) + [queue.the_process_dies] * (seed % 3 == 0)
        for _ in range(70):
            queue.now_ns += S // 1_000
            queue.random.choice(moves)()
        for _ in range(400):
            queue.one_drives()
            queue.one_is_read()
            queue.time_goes_by(0.5)
        assert queue.waiting() == [], f"seed {seed}"
