"""Lane: decides whether the barrier may open for a vehicle now, later or not: the machine, waiting vehicles, and the second
camera."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace

from board.kit.dataclass import dataclass
from board.kit.words import NOTHING, Text
from engine.lane import table
from engine.lane.handover import Handover
from engine.lane.likeness import alike
from engine.lane.machine import BY_HAND, Effect, Machine, S, Times, Vehicle
from engine.lane.pair import Pair, View
from engine.lane.table import ARMING, DOWN, NOT_MOVED, ROLES, SAFETY, UNUSED, UP

MISMATCH = "list_mismatch"

OPEN_NOW, REFUSE_NOW = "open_now", "refuse_now"
"""Effects for a vehicle that waited."""

USUAL = Times()

OPEN, WAIT, REFUSE = "open", "wait", "refuse"

MOST_WAITING = 8

LONG_NS = 10**18
"""Decades: longer than any boot lasts."""

READ_ANEW_S = 5.0
"""Whoever waited in vain and still stands there is read anew within this time, and keeps its place."""

UNSEEN = 3
"""After this many vehicles in a row that the arming loop did not notice, the loop counts as broken."""


@dataclass(frozen=True, slots=True)
class Rules:
    """`roles`: inputs that the lane has; `wait_s`: how long a vehicle waits at most while something keeps the barrier shut;
    `same_vehicle_s`: how long a plate that has driven in counts as the same vehicle; `shut_on_fault`: a faulty input refuses
    everybody; `second_camera`: "" for none, else the rule while it is silent: "own" or "refuse"; `pair_wait_s`: how long to
    wait for it; `only_in`: nobody drives out through it."""

    roles: frozenset[str] = frozenset()
    times: Times = USUAL
    wait_s: float = 10.0
    same_vehicle_s: float = 30.0
    shut_on_fault: bool = False
    second_camera: str = ""
    pair_wait_s: float = 3.0
    only_in: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """`kind`: OPEN, WAIT or REFUSE; `reason`: why not at once; `event`: the event of engine.events that a refusal raises; `again`:
    the refusal is none of this vehicle, which may be read anew where it stands."""

    kind: str
    reason: Text = NOTHING
    event: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class _Request:
    """A vehicle that waits for its turn, since when (also under an earlier read), and until when. `stands`: it waited in vain, and
    nobody has left the place before the barrier since."""

    vehicle: Vehicle
    lists: frozenset[str]
    seen_ns: int
    since_ns: int
    until_ns: int
    pair_until_ns: int
    stands: bool = False


YES = Verdict(OPEN)
ALREADY = Verdict(REFUSE, Text("already opened for this vehicle"))
OCCUPIED = Verdict(WAIT, Text("a vehicle stands in the safety loop"))
SOMEBODY = Text("it may have driven in without an opening of its own: if it still stands there, it is read anew")
NOBODY = Verdict(WAIT, Text("no vehicle stands on the arming loop"))
BEHIND = Verdict(WAIT, Text("the vehicle before it has not driven in yet"))


class Lane:
    """Every call takes the time in ns (CLOCK_MONOTONIC) and returns what has happened, including waiting vehicles that may go."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._machine = Machine(rules.roles, rules.times)
        self._pair = Pair(rules.pair_wait_s)
        self._waiting: list[_Request] = []
        self._in_vain: deque[_Request] = deque(maxlen=MOST_WAITING)
        self._nobody_ns = 0
        """When somebody left the place before the barrier last without driving in, or when the last one that has driven in came: of
        those who were seen last before then each was in front of it, and has gone."""
        self._given: _Request | None = None
        """Whom the last opening was given to."""
        self._unseen: list[str] = []
        self._resolved_ns = 0
        self._untold: list[Effect] = []
        """What had happened by the time that a vehicle was asked about."""
        self._left_arming_ns = 0
        """When whoever is below the barrier, or was last, left the arming loop, or reached the safety loop without it; 0: not
        yet, since that one came or somebody opened the barrier."""
        self._perhaps_drives_out = False
        """Whoever reached the arming loop last did so while somebody was below the barrier: perhaps that one."""
        self._somebody_ns = 0
        """Since when a vehicle of unknown plate is driving in; 0: none is."""
        self._drove_in_ns = 0
        """Who was read before then may be the last one of unknown plate that has driven in. Such a read may be told of later, as
        when a server is asked."""

    @property
    def machine(self) -> Machine:
        return self._machine

    @property
    def waiting(self) -> tuple[Vehicle, ...]:
        """Passages that wait for an answer."""
        return tuple(request.vehicle for request in self._waiting)

    @property
    def wait_s(self) -> float:
        return self._rules.wait_s

    def second_alive(self, now_ns: int) -> bool:
        """Whether the second camera reported recently."""
        return self._pair.alive(now_ns)

    def begin(self, levels: Mapping[str, bool], handover: Handover, now_ns: int) -> list[Effect]:
        """Takes over the state of an earlier process. Who waited then is read anew, and keeps its place."""
        happened = self._machine.begin(levels, handover, now_ns)
        self._drove_in_ns = min(handover.somebody_ns, now_ns)
        self._left_arming_ns = now_ns  # nobody saw who left it meanwhile
        self._look_who_drove_in(happened, now_ns)
        waiting = [Vehicle("", plate, sure) for plate, sure in zip(handover.waiting, handover.waiting_sure, strict=False)]
        holder = self._machine.holder
        before = [holder] if holder is not None else []
        for place, vehicle in enumerate([*before, *waiting]):
            since_ns = place - LONG_NS  # before all others who were read then
            request = _Request(vehicle, frozenset(), since_ns, since_ns, now_ns, now_ns)
            if vehicle is holder:
                self._given = request
            else:
                self._waited_in_vain(request)
        return happened + self._resolve(now_ns)

    def handover(self, now_ns: int) -> Handover:
        """What the next process must know."""
        waiting = sorted([*self._in_vain_lately(now_ns), *self._waiting], key=lambda each: each.since_ns)[:MOST_WAITING]
        return replace(
            self._machine.handover(),
            waiting=tuple(each.vehicle.plate for each in waiting),
            waiting_sure=tuple(each.vehicle.sure for each in waiting),
            somebody_ns=self._somebody_ns or self._drove_in_ns,
        )

    def ask(self, vehicle: Vehicle, lists: frozenset[str], seen_ns: int, now_ns: int) -> Verdict:
        """A vehicle that a list lets in. OPEN: the opening is now its own. WAIT: an effect reports the outcome. The same
        passage may be asked about again."""
        self._untold += self._ticked(now_ns)  # lapsed openings are no obstacle
        request = _Request(
            vehicle,
            lists,
            seen_ns,
            self._waits_since(vehicle, now_ns),
            seen_ns + round(self._rules.wait_s * S),
            now_ns + round(self._rules.pair_wait_s * S),
        )
        if any(each.vehicle.passage_id == vehicle.passage_id for each in self._waiting):
            return self._judge(request, now_ns)
        verdict = self._ruling(request, now_ns)
        if not (verdict.again and self.is_waiting(vehicle)):
            self._forget_in_vain(vehicle)
            if verdict.again:  # it keeps its place
                self._waited_in_vain(replace(request, until_ns=now_ns))
        if verdict.kind == WAIT:
            self._waiting.append(request)
            self._waiting.sort(key=lambda each: each.since_ns)
        elif verdict.kind == OPEN:
            self._give(request, now_ns)
        return verdict

    def is_let_in(self, vehicle: Vehicle, seen_ns: int) -> bool:
        """Whether another read of this vehicle has let it in, and it drives in, or has done so since it was seen or just before."""
        holder = self._machine.holder
        if holder is not None and holder.passage_id == vehicle.passage_id:
            return False
        return self._has_passed(vehicle, seen_ns) or (holder is not None and holder.may_be(vehicle))

    def is_waiting(self, vehicle: Vehicle) -> bool:
        """Whether a read of this vehicle waits."""
        return any(each.vehicle.may_be(vehicle) for each in self._waiting)

    def keeps_waiting(self) -> Verdict | None:
        """Why any other vehicle waits now, or is refused; None: nothing stands in its way."""
        machine = self._machine
        if self._rules.shut_on_fault and machine.faulty:
            return Verdict(REFUSE, Text("{input} is faulty", {"input": Text(ROLES[min(machine.faulty)])}), again=True)
        if machine.active(SAFETY) or machine.state == table.BLOCKED:
            return OCCUPIED
        if machine.holder is not None and machine.has_loops:
            return BEHIND
        if machine.has(ARMING) and not machine.active(ARMING):
            return NOBODY
        return None

    def reads_anew(self, vehicle: Vehicle, seen_ns: int, came_ns: int, now_ns: int) -> bool:
        """It is read anew where it stands, and was not let in before for whatever reason: it keeps its place. False: it has gone
        back since, and keeps none. `seen_ns`, `came_ns`: when it was seen last, and first."""
        stood = any(each.stands and each.vehicle.may_be(vehicle) for each in self._in_vain_lately(now_ns))
        if not stood and seen_ns <= self._nobody_ns:
            return False
        since_ns = min(came_ns, self._waits_since(vehicle, now_ns))
        self._forget_in_vain(vehicle)
        self._waited_in_vain(_Request(vehicle, frozenset(), seen_ns, since_ns, now_ns, now_ns))
        return True

    def would_wait(self, plate: str, now_ns: int) -> bool:
        """Whether who waited in vain under this plate would only wait once more if it were read anew. It keeps its place then."""
        lately = [each for each in self._in_vain_lately(now_ns) if each.stands]
        mine = [each for each in lately if each.vehicle.plate == plate]
        since_ns = min((each.since_ns for each in mine), default=now_ns)
        if self.keeps_waiting() is None and not any(each.since_ns < since_ns for each in lately):
            return False
        kept = (replace(each, until_ns=now_ns) if each in mine else each for each in self._in_vain)
        self._in_vain = deque(kept, maxlen=MOST_WAITING)
        return True

    @property
    def nobody_ns(self) -> int:
        """Whoever was seen last before then has gone, and whoever was seen before and after has come back; 0: nobody has."""
        return self._nobody_ns

    @property
    def keeps_standing(self) -> bool:
        """Whether the barrier is known to be down, and its vehicle has not gone back: a pulse then closes no barrier that is up."""
        machine = self._machine
        return machine.shut() is True and (machine.active(ARMING) or not machine.has(ARMING))

    def may_begin(self, passage_id: str) -> Text:
        """Why an action that opens must no longer begin for this passage; NOTHING: it may."""
        holder = self._machine.holder
        if not self._machine.has_loops:
            return NOTHING
        if holder is None or holder.passage_id != passage_id:
            return Text("its opening has lapsed, or was never given")
        if self._machine.state != table.OPENED:
            return Text("its vehicle has driven in already")
        return NOTHING

    def input(self, role: str, active: bool, now_ns: int) -> list[Effect]:
        """An input of the lane changed."""
        stood = self._machine.state == table.WAITING
        changes = self._machine.active(role) != active
        if role == SAFETY and active and changes:  # a motorcycle has left the other loop before, or was not noticed there
            self._left_arming_ns = 0 if self._machine.active(ARMING) else now_ns
        if role == ARMING and active and changes:
            self._perhaps_drives_out = self._machine.active(SAFETY)
        if role == ARMING and not active and changes:
            self._left_arming_ns = now_ns
        happened = self._machine.set(role, active, now_ns)
        if role == ARMING:
            self._unseen.clear()
            happened += self._machine.fault(ARMING, False, now_ns)
            if stood and not active and not self._perhaps_drives_out:  # it went back
                self._nobody_stands_there(now_ns)
        self._look_who_drove_in(happened, now_ns)
        if role in (UP, DOWN):
            self._look_who_stands_there(happened, now_ns)
        return happened + self._resolve(now_ns)

    def fault(self, role: str, faulty: bool, now_ns: int) -> list[Effect]:
        """An input is reported as stuck, or as working again."""
        happened = self._machine.fault(role, faulty, now_ns)
        self._look_who_drove_in(happened, now_ns)
        return happened + self._resolve(now_ns)

    def by_hand(self, now_ns: int) -> list[Effect]:
        """Somebody opened the barrier."""
        if self._rests:
            self._left_arming_ns = 0
        return self._machine.open(BY_HAND, now_ns)

    def cancel(self, passage_id: str, now_ns: int, stays: bool = False) -> list[Effect]:
        """This passage opens nothing after all. `stays`: its vehicle is read anew where it stands."""
        holder = self._machine.holder
        if holder is None or holder.passage_id != passage_id:
            return []
        if stays and self._machine.state == table.OPENED:
            self._is_read_anew(holder, now_ns)
        self._machine.cancel(now_ns)
        return self._resolve(now_ns)

    def view(self, view: View, now_ns: int) -> list[Effect]:
        """The second camera read a plate."""
        self._pair.heard(now_ns)
        return self._resolve(now_ns) if self._pair.add(view) else []

    def heard(self, now_ns: int) -> list[Effect]:
        """The second camera reports that it is alive."""
        self._pair.heard(now_ns)
        return []

    def tick(self, now_ns: int) -> list[Effect]:
        """Does what is due now."""
        return self._ticked(now_ns) + self._resolve(now_ns)

    def next_ns(self) -> int | None:
        """When `tick` is due next."""
        dues = [due for request in self._waiting for due in (request.until_ns, request.pair_until_ns)]
        dues += [each.until_ns + round(READ_ANEW_S * S) for each in self._in_vain if self._waiting]
        times = [due_ns for due_ns in dues if due_ns > self._resolved_ns]  # who waits for something else goes on waiting
        machine_ns = self._machine.next_ns()
        return min([*times, *([] if machine_ns is None else [machine_ns])], default=None)

    # --- inside -------------------------------------------------------------------------------------------------------

    @property
    def _rests(self) -> bool:
        """No opening is alive, and nobody drives through."""
        return self._machine.state in (table.FREE, table.WAITING)

    def _resolve(self, now_ns: int) -> list[Effect]:
        """Asks again for every waiting vehicle, the first one first."""
        self._resolved_ns = now_ns
        happened, self._untold = [*self._untold, *self._may_have_driven_in(now_ns)], []
        for request in list(self._waiting):
            verdict = self._judge(request, now_ns)
            if verdict.kind == WAIT and request.until_ns > now_ns:
                continue
            self._waiting.remove(request)
            if verdict.kind == OPEN:
                happened.append(Effect(OPEN_NOW, request.vehicle))
                self._give(request, now_ns)
                continue
            if verdict.kind == WAIT:
                self._waited_in_vain(request)
            happened.append(Effect(REFUSE_NOW, request.vehicle, verdict.reason))
            if verdict.event:
                happened.append(Effect(verdict.event, request.vehicle, verdict.reason))
            happened += self._missed(request, verdict, now_ns)
        return happened

    def _look_who_drove_in(self, happened: Sequence[Effect], now_ns: int) -> None:
        for effect in happened:
            given = self._given
            if self._rules.only_in and effect.name == table.PASSED and given is not None and given.vehicle == effect.vehicle:
                self._nobody_ns = max(self._nobody_ns, min(given.seen_ns, given.since_ns))
            by_hand = effect.name == table.PASSED and not effect.vehicle.passage_id
            stood_before = effect.name == table.UNEXPECTED and self._machine.active(ARMING)  # else perhaps one that drives out
            if by_hand or stood_before or effect.name == table.TAILGATE:
                self._somebody_ns = now_ns

    def _may_have_driven_in(self, now_ns: int) -> list[Effect]:
        """Who waits while somebody is let in by hand may be that one: the barrier would open again, for whoever comes next. It is
        read anew where it stands, if it does."""
        machine = self._machine
        if not self._somebody_ns or machine.active(SAFETY) or not self._rests:
            return []
        self._somebody_ns = 0
        if machine.has(ARMING) and not self._left_arming_ns:
            return []
        since_ns = self._left_arming_ns if machine.has(ARMING) and machine.has(SAFETY) else now_ns
        self._drove_in_ns = since_ns
        maybe = [each for each in self._waiting if each.seen_ns <= since_ns]
        for each in maybe:
            self._waiting.remove(each)
            self._waited_in_vain(replace(each, until_ns=now_ns))
        return [Effect(REFUSE_NOW, each.vehicle, SOMEBODY) for each in maybe]

    def _ticked(self, now_ns: int) -> list[Effect]:
        happened = self._machine.tick(now_ns)
        self._look_who_stands_there(happened, now_ns)
        return happened

    def _look_who_stands_there(self, happened: Sequence[Effect], now_ns: int) -> None:
        """Whose opening has ended unused before a barrier that is down is read anew."""
        for effect in happened:
            if effect.name in (UNUSED, NOT_MOVED) and self.keeps_standing:
                self._is_read_anew(effect.vehicle, now_ns)

    def _is_read_anew(self, vehicle: Vehicle, now_ns: int) -> None:
        """The vehicle that the last opening was given to: it keeps its place."""
        if self._given is not None and self._given.vehicle == vehicle:
            self._waited_in_vain(replace(self._given, until_ns=now_ns))

    def _waited_in_vain(self, request: _Request) -> None:
        self._in_vain.append(replace(request, stands=True))

    def _forget_in_vain(self, vehicle: Vehicle) -> None:
        """Every read of this vehicle that waited in vain."""
        self._in_vain = deque((each for each in self._in_vain if not each.vehicle.may_be(vehicle)), maxlen=MOST_WAITING)

    def _nobody_stands_there(self, now_ns: int) -> None:
        self._nobody_ns = now_ns
        self._in_vain = deque((replace(each, stands=False) for each in self._in_vain), maxlen=MOST_WAITING)

    def _in_vain_lately(self, now_ns: int) -> list[_Request]:
        """Who waited in vain and may be read anew any moment."""
        return [each for each in self._in_vain if now_ns < each.until_ns + round(READ_ANEW_S * S)]

    def _waits_since(self, vehicle: Vehicle, now_ns: int) -> int:
        """A vehicle that is read anew stands before those that came after it."""
        return min((each.since_ns for each in self._in_vain_lately(now_ns) if each.vehicle.may_be(vehicle)), default=now_ns)

    def _stands_behind(self, request: _Request, now_ns: int) -> Verdict | None:
        """It cannot get past another one that came before it and waits, as for the second camera, or is about to be read anew."""
        others = [each for each in self._waiting if not each.vehicle.may_be(request.vehicle)]
        ahead = [*others, *(each for each in self._in_vain_lately(now_ns) if each.stands)]
        return BEHIND if any(each.since_ns < request.since_ns for each in ahead) else None

    def _give(self, request: _Request, now_ns: int) -> None:
        view = self._pair.agreeing(request.vehicle.plate, request.seen_ns)
        if view is not None:
            self._pair.use(view)
        self._unseen.clear()
        holder = self._machine.holder
        if holder is None or holder.passage_id != request.vehicle.passage_id:
            self._given = request
            self._machine.open(request.vehicle, now_ns)

    def _ruling(self, request: _Request, now_ns: int) -> Verdict:
        """On a vehicle that does not wait yet."""
        verdict = self._judge(request, now_ns)
        if verdict.kind != REFUSE and request.seen_ns <= self._drove_in_ns:
            return Verdict(REFUSE, SOMEBODY, again=True)
        if verdict.kind != WAIT:
            return verdict
        if request.until_ns <= now_ns:
            return Verdict(REFUSE, verdict.reason, again=True)
        if self.is_waiting(request.vehicle):
            why = Text("another read of this vehicle waits already: {why}", {"why": verdict.reason})
            return Verdict(REFUSE, why, again=True)  # should that one wait in vain
        if len(self._waiting) >= MOST_WAITING:
            return Verdict(REFUSE, Text("too many vehicles wait already"), again=True)
        return verdict

    def _judge(self, request: _Request, now_ns: int) -> Verdict:
        machine, vehicle = self._machine, request.vehicle
        holder = machine.holder
        if holder is not None and holder.passage_id == vehicle.passage_id:
            return YES if machine.state == table.OPENED else ALREADY
        if self.is_let_in(vehicle, now_ns):
            return ALREADY
        return self.keeps_waiting() or self._stands_behind(request, now_ns) or self._paired(request, now_ns)

    def _has_passed(self, vehicle: Vehicle, seen_ns: int) -> bool:
        since_ns = seen_ns - round(self._rules.same_vehicle_s * S)
        return any(passed_ns >= since_ns and passed.may_be(vehicle) for passed, passed_ns in self._machine.passed)

    def _paired(self, request: _Request, now_ns: int) -> Verdict:
        if not self._rules.second_camera or self._pair.agreeing(request.vehicle.plate, request.seen_ns):
            return YES
        alive = self._pair.alive(now_ns)
        if alive and now_ns < request.pair_until_ns:
            return Verdict(WAIT, Text("waiting for the second camera"))
        other = self._pair.other(request.seen_ns)
        if other is not None:
            values = {"other": other.plate, "camera": other.camera_id, "lists": sorted(other.lists), "own": sorted(request.lists)}
            if other.lists != request.lists:
                why = Text("camera {camera} read {other}, which is on {lists} and not on {own}", values)
                return Verdict(REFUSE, why, MISMATCH)
            return Verdict(REFUSE, Text("camera {camera} read {other}", values))
        if self._rules.second_camera == "own":
            return YES
        return Verdict(REFUSE, Text("the second camera read nothing") if alive else Text("the second camera is silent"))

    def _missed(self, request: _Request, verdict: Verdict, now_ns: int) -> list[Effect]:
        """A vehicle was refused because the arming loop did not notice it: after several in a row, the loop counts as broken."""
        machine = self._machine
        if not machine.has(ARMING) or machine.active(ARMING) or verdict.kind != WAIT or machine.holder or machine.active(SAFETY):
            return []
        if not any(alike(plate, request.vehicle.plate) for plate in self._unseen):
            self._unseen.append(request.vehicle.plate)
        if len(self._unseen) < UNSEEN:
            return []
        self._nobody_stands_there(now_ns)  # they drove on, or were never on it
        return machine.fault(ARMING, True, now_ns)
