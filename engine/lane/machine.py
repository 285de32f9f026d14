"""Machine: the lane's state, driven through the table by its inputs and openings; the caller provides the time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from itertools import zip_longest

from board.kit.dataclass import dataclass
from board.kit.words import NOTHING, Text
from engine.lane import table
from engine.lane.handover import Handover
from engine.lane.likeness import alike
from engine.lane.table import ARMING, DOWN, EXIT, LEAVING, LIVE, LOOPS, OPENED, REST, ROLES, SAFETY, UP, off, on
from engine.lists import comparable

S = 1_000_000_000

HELD_OPEN, FAULT, FAULT_OVER = "held_open", "input_fault", "input_fault_over"

REMEMBERED = 32
"""Number of vehicles that have driven in and are remembered: more than the passages in which another read of them is looked for
(NEWEST of engine/service/standing.py)."""

TRAVEL_S = 5.0
"""The longest time that a vehicle takes from the safety loop to the exit loop or back."""


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle as the camera knows it; "" and "": one that somebody let in by hand. `sure`: a list has its plate as read."""

    passage_id: str = ""
    plate: str = ""
    sure: bool = False

    def may_be(self, other: Vehicle) -> bool:
        """Whether both can be reads of one vehicle."""
        if self.sure and other.sure:
            return comparable(self.plate) == comparable(other.plate)
        return alike(self.plate, other.plate)


BY_HAND = Vehicle()


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that has happened. `name`: one of engine.events.EVENTS; "passed": a vehicle used its opening; OPEN_NOW or
    REFUSE_NOW of engine.lane.lane: the answer for a waiting passage. `reason`: why, or which input."""

    name: str
    vehicle: Vehicle = BY_HAND
    reason: Text = NOTHING


@dataclass(frozen=True, slots=True)
class Times:
    """`lapse_s`: an unused opening lapses after this, 0: never; `tailgate_s`: a vehicle that drives in within this time after
    another is a tail-gater; `move_s`: the barrier must move within this; `held_open_s`: how long it may stay open, 0: for ever."""

    lapse_s: float = 60.0
    tailgate_s: float = 10.0
    move_s: float = 10.0
    held_open_s: float = 120.0


@dataclass(slots=True)
class _Memory:
    """The state that conditions test. Times are CLOCK_MONOTONIC ns, None: not yet."""

    since_ns: int = 0
    """When the state began."""
    holder: Vehicle | None = None
    """The vehicle that the live opening was given to."""
    passed: deque[tuple[Vehicle, int]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    """The vehicles that used the last openings, and when."""
    passed_ns: int | None = None
    exit_ns: int | None = None
    """When the exit loop was last occupied."""
    exit_seen: bool = False
    arming_seen: bool = False
    """A vehicle has stood on the arming loop since the opening was given."""
    shut_at_opening: bool = False
    open_since_ns: int | None = None
    held_open_told: bool = False
    levels: dict[str, bool] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)


class Machine:
    """One lane. `roles`: the inputs that it has. Every call takes the time in ns and returns what has happened."""

    def __init__(self, roles: Iterable[str], times: Times) -> None:
        self._declared = frozenset(roles)
        self._times = times
        self._state = table.FREE
        self._m = _Memory()
        self._conditions: Mapping[str, Callable[[int], bool]] = {
            "": lambda now_ns: True,
            table.FROM_EXIT: self._from_exit,
            table.JUST_PASSED: self._just_passed,
            table.EXIT_SEEN: lambda now_ns: self._m.exit_seen,
            table.NO_EXIT: lambda now_ns: not self.has(EXIT),
            table.NO_SAFETY: lambda now_ns: not self.has(SAFETY),
            table.NOTHING_BEYOND: lambda now_ns: not (self.has(SAFETY) or self.has(EXIT)),
            table.SECOND: lambda now_ns: self._m.exit_seen,
            table.ANOTHER: lambda now_ns: self._m.arming_seen and (self.has(SAFETY) or not self.has(EXIT)),
            table.NO_LOOP: lambda now_ns: not self.has_loops,
        }

    @property
    def state(self) -> str:
        return self._state

    @property
    def since_ns(self) -> int:
        return self._m.since_ns

    @property
    def holder(self) -> Vehicle | None:
        """The vehicle that the live opening was given to."""
        return self._m.holder if self._state in LIVE else None

    @property
    def passed(self) -> tuple[tuple[Vehicle, int], ...]:
        """The vehicles that used the last openings, and when (ns)."""
        return tuple(self._m.passed)

    def has(self, role: str) -> bool:
        """Whether there is such an input and it is not faulty."""
        return role in self._declared and role not in self.faulty

    @property
    def has_loops(self) -> bool:
        """Whether any input tells where vehicles are."""
        return any(self.has(role) for role in LOOPS)

    def active(self, role: str) -> bool:
        return self.has(role) and self._m.levels.get(role, False)

    @property
    def faulty(self) -> frozenset[str]:
        """Faulty inputs: stuck ones, and both limit switches of a barrier that is up and down at once."""
        both = {UP, DOWN} if self._m.levels.get(UP) and self._m.levels.get(DOWN) and {UP, DOWN} <= self._declared else set()
        return frozenset(self._m.stuck | both)

    def shut(self) -> bool | None:
        """Whether the barrier is down; None: no input says so."""
        if self.has(DOWN):
            return self.active(DOWN)
        return not self.active(UP) if self.has(UP) else None

    def begin(self, levels: Mapping[str, bool], handover: Handover, now_ns: int) -> list[Effect]:
        """Takes over: the levels as they are now, and the state that the previous process left."""
        self._m = _Memory(since_ns=now_ns, levels={role: levels.get(role, False) for role in self._declared})
        self._state = table.WAITING if self.active(ARMING) else table.FREE
        if self.active(SAFETY):
            self._state = table.BLOCKED
        kept = zip_longest(handover.passed, handover.passed_ns, handover.passed_sure)  # an earlier release kept fewer of them
        for plate, passed_ns, sure in kept:
            self._m.passed.append((Vehicle("", plate, bool(sure)), min(passed_ns or now_ns, now_ns)))
            self._m.passed_ns = self._m.passed[-1][1]
        self._look_at_the_barrier(now_ns)
        if handover.state not in LIVE:
            return []
        self._state = handover.state
        self._m.holder = Vehicle(handover.passage_id, handover.plate, handover.sure)
        self._m.exit_seen = handover.exit_seen
        self._m.arming_seen = self.active(ARMING)
        if handover.state == OPENED and self.active(SAFETY):
            return self._signal(on(SAFETY), now_ns)
        if handover.state == table.UNDER and not self.active(SAFETY):
            return self._signal(off(SAFETY), now_ns)
        if handover.state == LEAVING and self.active(SAFETY):
            return self._signal(on(SAFETY), now_ns)
        return []

    def handover(self) -> Handover:
        holder = self.holder
        return Handover(
            self._state,
            holder.passage_id if holder else "",
            holder.plate if holder else "",
            holder.sure if holder else False,
            self._m.exit_seen,
            tuple(vehicle.plate for vehicle, _ in self._m.passed),
            tuple(passed_ns for _, passed_ns in self._m.passed),
            tuple(vehicle.sure for vehicle, _ in self._m.passed),
        )

    def set(self, role: str, active: bool, now_ns: int) -> list[Effect]:
        """An input changed."""
        if role not in self._declared or self._m.levels.get(role) == active:
            return []
        before = self.faulty
        believed = self.has(role)
        self._m.levels[role] = active
        if role == EXIT and believed:
            self._m.exit_ns = now_ns
        happened = self._signal(on(role) if active else off(role), now_ns) if believed else []
        happened += _differences(before, self.faulty)
        return happened + self._look_at_the_barrier(now_ns)

    def fault(self, role: str, faulty: bool, now_ns: int) -> list[Effect]:
        """An input got stuck, or works again. The lane then ignores it, or uses its present level."""
        before = self.faulty
        if role not in self._declared or faulty == (role in self._m.stuck):
            return []
        happened = self._signal(off(role), now_ns) if faulty and self.active(role) else []
        if faulty:
            self._m.stuck.add(role)
        else:
            self._m.stuck.discard(role)
        if self._state in (table.FREE, table.WAITING):
            self._enter(REST, now_ns)
        if not faulty and self.active(SAFETY) and role == SAFETY:
            happened += self._signal(on(SAFETY), now_ns)
        return happened + _differences(before, self.faulty) + self._look_at_the_barrier(now_ns)

    def open(self, vehicle: Vehicle, now_ns: int) -> list[Effect]:
        """An opening was given; the caller decides whether it may be. Without loops nobody knows whether the opening before was
        used, so it ends here."""
        if self._state == OPENED and not self.has_loops:
            self._signal(table.LAPSE, now_ns)
        if self._state not in (table.FREE, table.WAITING):
            return []
        self._m.holder = vehicle
        self._m.shut_at_opening = self.shut() is True
        self._m.arming_seen = self.active(ARMING)
        return self._signal(table.OPEN, now_ns)

    def cancel(self, now_ns: int) -> None:
        """The live opening was not carried out after all."""
        if self._state == OPENED:
            self._enter(REST, now_ns)

    def tick(self, now_ns: int) -> list[Effect]:
        """Does what is due now."""
        happened = []
        for signal, due_ns in self._due():
            if due_ns <= now_ns:
                happened += self._signal(signal, now_ns)
                break
        held_ns = self._held_ns()
        if held_ns is not None and held_ns <= now_ns:
            self._m.held_open_told = True
            happened.append(Effect(HELD_OPEN, self._m.holder or BY_HAND))
        return happened

    def next_ns(self) -> int | None:
        """When `tick` is due next."""
        times = [due_ns for _, due_ns in self._due()]
        held_ns = self._held_ns()
        return min([*times, *([] if held_ns is None else [held_ns])], default=None)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _signal(self, signal: str, now_ns: int) -> list[Effect]:
        for row in table.ROWS:
            if row.state == self._state and row.signal == signal and self._conditions[row.condition](now_ns):
                return self._take(row, now_ns)
        return []

    def _take(self, row: table.Row, now_ns: int) -> list[Effect]:
        vehicle = self._m.holder if self._state in LIVE or row.signal == table.OPEN else None
        if row.effect == table.PASSED:
            self._m.passed_ns = now_ns
            self._m.passed.append((vehicle or BY_HAND, now_ns))
        if row.signal == on(EXIT):
            self._m.exit_seen = row.target == table.UNDER
        self._m.arming_seen |= row.state == OPENED and row.signal == on(ARMING)
        self._enter(row.target, now_ns)
        return [Effect(row.effect, vehicle or BY_HAND)] if row.effect else []

    def _enter(self, target: str, now_ns: int) -> None:
        state = (table.WAITING if self.active(ARMING) else table.FREE) if target == REST else target
        if state != self._state:
            self._state, self._m.since_ns = state, now_ns
        if state not in LIVE:
            self._m.holder = None
            self._m.exit_seen = False

    def _look_at_the_barrier(self, now_ns: int) -> list[Effect]:
        shut = self.shut()
        was_open = self._m.open_since_ns is not None
        if shut is not False:
            self._m.open_since_ns = None
            self._m.held_open_told = False
            return self._signal(table.CLOSED, now_ns) if shut and was_open else []
        if not was_open:
            self._m.open_since_ns = now_ns
        self._m.shut_at_opening = False
        return []

    def _due(self) -> list[tuple[str, int]]:
        since_ns, times = self._m.since_ns, self._times
        if self._state == LEAVING:
            return [(table.LAPSE, since_ns + round(TRAVEL_S * S))]
        if self._state != OPENED:
            return []
        due = [(table.LAPSE, since_ns + round(times.lapse_s * S))] if times.lapse_s else []
        if self._m.shut_at_opening and self.shut() and times.move_s:
            due.append((table.UNMOVED, since_ns + round(times.move_s * S)))
        return sorted(due, key=lambda each: each[1])

    def _held_ns(self) -> int | None:
        if not self._times.held_open_s or self._m.held_open_told or self._m.open_since_ns is None:
            return None
        return self._m.open_since_ns + round(self._times.held_open_s * S)

    def _from_exit(self, now_ns: int) -> bool:
        recent = self._m.exit_ns is not None and now_ns - self._m.exit_ns <= TRAVEL_S * S
        return self.has(EXIT) and (self.active(EXIT) or recent)

    def _just_passed(self, now_ns: int) -> bool:
        if self._m.passed_ns is None:
            return False
        return now_ns - self._m.passed_ns <= self._times.tailgate_s * S or self.shut() is False


def _differences(before: frozenset[str], after: frozenset[str]) -> list[Effect]:
    news = [(FAULT, role) for role in sorted(after - before)] + [(FAULT_OVER, role) for role in sorted(before - after)]
    return [Effect(name, reason=Text(ROLES[role])) for name, role in news]
