"""Random traffic through lanes with any inputs: vehicles drive, stop, reverse and are read wrongly, and processes die."""

from __future__ import annotations

import itertools

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.lane.lane import OPEN, OPEN_NOW, Lane, Rules
from engine.lane.machine import S, Times, Vehicle
from engine.lane.table import ARMING, EXIT, NOT_MOVED, SAFETY, UNUSED

PLATES = ("AB12CDE", "XY99ZZZ", "KLM4711", "B3Q8888", "TT77TTU")

ZONES = (frozenset(), {ARMING}, {ARMING, SAFETY}, {SAFETY}, {SAFETY, EXIT}, {EXIT}, frozenset())
"""The loops that a vehicle covers on its way: 0 before the lane, 6 through it."""

ROLES = st.sets(st.sampled_from((ARMING, SAFETY, EXIT)), min_size=1).filter(lambda roles: roles != {EXIT})


class Traffic(RuleBasedStateMachine):
    """`self.place`: where each vehicle is, the first one of the queue first; a vehicle is one with what the test knows of it."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = 1_000 * S
        self.reads = itertools.count(1)
        self.vehicles: list[str] = []
        self.place: dict[str, int] = {}
        self.of_read: dict[str, str] = {}
        self.opened: dict[str, int] = {}
        self.unused: dict[str, int] = {}

    @initialize(roles=ROLES, order=st.permutations(PLATES))
    def begin(self, roles: set[str], order: list[str]) -> None:
        self.order = list(order)
        self.rules = Rules(frozenset(roles), Times(lapse_s=0.0))
        self.lane = Lane(self.rules)
        self.look(self.lane.begin({}, self.lane.machine.handover(), self.now_ns))

    # --- what vehicles do ---------------------------------------------------------------------------------------------

    @precondition(lambda self: self.order and all(place >= 1 for place in self.place.values()))
    @rule()
    def another_vehicle_comes(self) -> None:
        plate = self.order.pop()
        self.vehicles.append(plate)
        self.place[plate] = 0

    @precondition(lambda self: self.vehicles)
    @rule(data=st.data(), rogue=st.sampled_from((False, False, True)))
    def a_vehicle_moves(self, data: st.DataObject, rogue: bool) -> None:
        """Forwards when it was opened for, or does not care, and the one before is out of its way."""
        index = data.draw(st.integers(0, len(self.vehicles) - 1))
        plate = self.vehicles[index]
        place = self.place[plate]
        ahead = self.place[self.vehicles[index - 1]] if index else len(ZONES) + 2
        if place == len(ZONES) - 1:
            return
        if place + 1 > 1 and not self.opened.get(plate) and not rogue:
            return  # it stays before the arm
        if ahead - (place + 1) < 2 and place + 1 > 0:
            return
        self.drive(plate, place + 1)

    @precondition(lambda self: self.vehicles)
    @rule()
    def the_last_vehicle_reverses(self) -> None:
        plate = self.vehicles[-1]
        if self.place[plate] in (1, 2):
            self.drive(plate, self.place[plate] - 1)

    def drive(self, plate: str, to: int) -> None:
        self.place[plate] = to
        self.levels()

    # --- what the camera and the board do -----------------------------------------------------------------------------

    @precondition(lambda self: any(place <= 4 for place in self.place.values()))
    @rule(data=st.data(), wrong=st.booleans())
    def a_plate_is_read(self, data: st.DataObject, wrong: bool) -> None:
        plate = data.draw(st.sampled_from([each for each in self.vehicles if self.place[each] <= 5]))
        said = plate[:-1] + "9" if wrong else plate
        read = f"read {next(self.reads)}"
        self.of_read[read] = plate
        verdict = self.lane.ask(Vehicle(read, said), frozenset({"WHITELIST"}), self.now_ns, self.now_ns)
        if verdict.kind == OPEN:
            self.opens(read)

    @rule(seconds=st.sampled_from((0.2, 1.0, 6.0, 11.0)))
    def time_goes_by(self, seconds: float) -> None:
        self.now_ns += round(seconds * S)
        self.look(self.lane.tick(self.now_ns))

    @rule(away_s=st.sampled_from((0.0, 3.0)))
    def the_process_dies_and_another_takes_over(self, away_s: float) -> None:
        kept = self.lane.handover(self.now_ns)
        self.now_ns += round(away_s * S)
        self.lane = Lane(self.rules)
        self.look(self.lane.begin(self.present(), kept, self.now_ns))

    # --- what must hold -----------------------------------------------------------------------------------------------

    def present(self) -> dict[str, bool]:
        covered = set().union(*(ZONES[place] for place in self.place.values()))
        return {role: role in covered for role in self.rules.roles}

    def levels(self) -> None:
        present = self.present()
        for role in (EXIT, SAFETY, ARMING):
            if role in present:
                self.look(self.lane.input(role, present[role], self.now_ns))

    def look(self, effects: list) -> None:
        for effect in effects:
            if effect.name == OPEN_NOW:
                self.opens(effect.vehicle.passage_id)
            elif effect.name in (UNUSED, NOT_MOVED) and effect.vehicle.passage_id:
                plate = self.of_read[effect.vehicle.passage_id]
                self.unused[plate] = self.unused.get(plate, 0) + 1

    def opens(self, read: str) -> None:
        plate = self.of_read[read]
        assert not self.lane.machine.active(SAFETY), "opened over a vehicle"
        assert ARMING not in self.rules.roles or self.lane.machine.active(ARMING), "opened for nobody"
        self.opened[plate] = self.opened.get(plate, 0) + 1
        assert self.opened[plate] - self.unused.get(plate, 0) <= 1, "opened twice for one vehicle"

    @invariant()
    def waits_for_an_answer_only_while_that_makes_sense(self) -> None:
        if hasattr(self, "lane"):
            assert len({vehicle.passage_id for vehicle in self.lane.waiting}) == len(self.lane.waiting) <= 8
            due_ns = self.lane.next_ns()
            assert not self.lane.waiting or (due_ns is not None and due_ns <= self.now_ns + 10 * S)


Traffic.TestCase.settings = settings(
    max_examples=100, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
TestTraffic = Traffic.TestCase
