"""Lane keeper: runs the lane's logic (engine/lane) in the service: takes inputs and passages, carries out the effects.

The gate's thread asks and goes on; a separate thread, which runs only while the lane is in use, does what is due and records
the outcome for vehicles that waited.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, StorageRefused, StoreError, WireError
from board.kit.settings import Settings
from board.kit.words import NOTHING, Text
from board.kit.zones import camera_zone
from engine.actions import ActionKind, Kinds
from engine.dispatch.anew import LAST_ENTRY, lapsed
from engine.dispatch.barrier import Ruling, openers, opening_rules, rule_opens
from engine.dispatch.bypass import Bypass, Judged, Late, in_time, is_gates, lists_beside
from engine.dispatch.decision import is_for_the_other_way, visits
from engine.dispatch.outbox import Outbox
from engine.dispatch.perform import SWITCHED_OFF
from engine.dispatch.starts import opens
from engine.events import CARS
from engine.lane.handover import Handover
from engine.lane.table import ARMING, LOOPS, NOT_MOVED, OPENED, PASSED, ROLES, STATES, UNUSED
from engine.messages import CameraSaw, LaneStatus, LineState, ReadAgain
from engine.service.inside import Inside, vehicle_of
from engine.service.remembered import Remembered
from engine.settings import GeneralSettings, LprSettings
from engine.settings.lane import COUNTS, SECOND_CAMERA, LaneSettings
from engine.store import DeliveryQuery, Store, StoredPassage
from engine.types import FIXED_ROLES, WAITING, ActionRule, Decision, Delivery, Match, Passage

if TYPE_CHECKING:
    from engine.lane.lane import Lane, Verdict
    from engine.lane.machine import Effect, Vehicle

log = logging.getLogger("lane")

S = 1_000_000_000
MOST_WAITING = 256
"""Effects that wait to be carried out."""
OLDEST_VIEW_MS = 60_000
NEWEST = 200
"""How many passages are searched for those that were waiting when the service ended."""
AGAIN_S = 1.0
BY_HAND_ID = ""
"""Of the vehicle that somebody lets in by hand, or an action without a car."""
COUNT, UNCOUNT = "count", "uncount"
"""Effects: a passage is to be counted where no loop tells who has driven in; it was, and nothing opened."""
STRANGER = frozenset({"NOT IN LIST"})

Happened = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Stores:
    """`gate` serves the way to the gate, `store` everything else; `outbox` is that of `store`; `wake()` calls the workers;
    `decided(passage id, decision)` is told each decision; `bypass` lets in whoever waited while nothing can be stored, and
    `make_room(why)` has pictures give way then."""

    gate: Store
    store: Store
    outbox: Outbox
    kinds: Kinds
    wake: Callable[[], None]
    decided: Callable[[str, Decision], None]
    bypass: Bypass
    make_room: Callable[[StoreError], object]


@dataclass(slots=True)
class _Known:
    """Levels of the lane's inputs, and decisions that wait."""

    levels: dict[str, bool] = field(default_factory=dict)
    are_all: bool = False
    """This board has no other inputs."""
    stuck: set[str] = field(default_factory=set)
    waiting: dict[str, Decision] = field(default_factory=dict)
    early: dict[tuple[str, str], Effect] = field(default_factory=dict)
    """(passage, name): what has become of passages that may not be stored yet, in order."""
    counted: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_WAITING))
    """Passages by which a vehicle was counted in or out, and that fitted."""
    at_once: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_WAITING))
    """Passages by which a vehicle was counted when it was let in, as no loop told then when it drove in."""


class LaneKeeper:
    """One lane. Any thread may call. `happened` as Events.happened (engine/service/events.py); `changed()`: the status has
    changed; `kept` keeps what the next process must know; `read_again(message)` asks the engine, WireError if there is none."""

    def __init__(
        self,
        clock: Clock,
        kept: Remembered[Handover],
        happened: Happened,
        changed: Callable[[], None],
        report: Callable[[Text], None],
        read_again: Callable[[ReadAgain], None],
    ) -> None:
        self._clock = clock
        self._kept = kept
        self._read_again = read_again
        self._before_asking: Callable[[Store], None] = lambda store: None
        self._last_kept: Handover | None = None
        self._happened = happened
        self._changed = changed
        self._report = report
        self._news = threading.Condition()
        self._settings = LaneSettings()
        self._inside = Inside(clock, self._settings, happened, changed)
        self._roles: Mapping[str, str] = {}
        self._stores: Stores | None = None
        self._lane: Lane | None = None
        self._begun = False
        self._opened_ns = 0
        self._opened_by = ""
        """The passage of the action without a car that has opened the barrier last; "": a person did."""
        self._known = _Known()
        self._effects: deque[Effect] = deque(maxlen=MOST_WAITING)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self, settings: LaneSettings, stores: Stores) -> None:
        """The store is open. Passages that an earlier process left undecided are refused: their vehicles are read anew."""
        self._settings, self._stores = settings, stores
        self._inside = Inside(self._clock, settings, self._happened, self._changed)
        self._opened_ns = self._clock.monotonic_ns()
        self._roles = {name: role for role, name in settings.inputs().items()}
        self._refuse_undecided(stores)
        if not settings.in_use:
            return
        from engine.lane.lane import Lane

        with self._news:
            self._lane = Lane(settings.rules())
            self._begin_if_known()
        self._thread = threading.Thread(target=self._run, name="lane", daemon=True)
        self._thread.start()

    def close(self) -> None:
        with self._news:
            self._stopped.set()
            self._news.notify_all()
        if self._thread is not None:
            self._thread.join(2.0)

    # --- inputs -------------------------------------------------------------------------------------------------------

    def line(self, line: LineState) -> None:
        """An input or output, seen for the first time or changed."""
        role = self._roles.get(line.name)
        if line.kind != "input":
            return
        with self._news:
            is_new = line.name not in self._known.levels
            self._known.levels[line.name] = line.active
            if self._lane is None or role is None:
                return
            if self._begun:
                now_ns = self._clock.monotonic_ns()
                self._take(self._lane.input(role, line.active, now_ns))
                if is_new and line.name not in self._known.stuck:
                    self._take(self._lane.fault(role, False, now_ns))
            else:
                self._begin_if_known()

    def all_told(self) -> None:
        """Every input that this board has is known. One of the lane that is not among them is as one that is broken: a backup, or a
        card, may come from a board with more of them, and the gate must not stay shut for that."""
        with self._news:
            self._known.are_all = True
            if not self._begun:
                self._begin_if_known()

    def warning(self, name: str, text: Text) -> None:
        """What pins reports about a line: a loop that stays active for too long; NOTHING: that is over."""
        role = self._roles.get(name)
        with self._news:
            (self._known.stuck.add if text else self._known.stuck.discard)(name)
            if self._lane is not None and role is not None and self._begun:
                self._take(self._lane.fault(role, bool(text), self._clock.monotonic_ns()))

    def by_hand(self, passage_id: str = "") -> None:
        """Somebody opened the barrier, or an action without a car did: `passage_id` is its event's."""
        with self._news:
            if self._lane is not None and self._begun:
                machine = self._lane.machine
                if not passage_id or machine.holder is None or not machine.has_loops:  # else it is another's opening, or a car's
                    self._opened_by = passage_id
                self._take(self._lane.by_hand(self._clock.monotonic_ns()))

    # --- engine.dispatch.barrier.Barrier ------------------------------------------------------------------------------

    @property
    def outputs(self) -> frozenset[str]:
        return frozenset({self._settings.open_output} if self._lane is not None and self._settings.decides else ())

    def opens(self, kind: ActionKind[Any], options: Settings) -> bool:
        if self._lane is None or not opens(kind):
            return False
        output = kind.gate_output(options)
        return output == self._settings.open_output if output else not kind.polarity(options)  # IO's "off" opens nothing

    def lets_in(self, kind: ActionKind[Any], options: Settings) -> bool:
        """Where the lane only counts, whatever opens takes a place."""
        if self._lane is None or self._settings.decides:
            return self.opens(kind, options)
        return opens(kind) and (bool(kind.gate_output(options)) or not kind.polarity(options))

    def opening(self, store: Store, kinds: Kinds) -> set[int]:
        """The rules that open this barrier; where the lane does not decide, those that let somebody in at whatever output."""
        if self._lane is None or not self._settings.decides:
            return _letting_in(store, kinds)
        return {rule.id for rule in store.rules() if rule_opens(rule, kinds, self)}

    def ask(self, passage: Passage, matches: Sequence[Match], decision: Decision) -> Ruling:
        from engine.lane.lane import ALREADY, OPEN, WAIT

        if decision.outcome != "opened" and not self._settings.decides:
            return Ruling()  # a siren, for instance
        shut_out = None if self._stores is None else self._inside.no_place(self._stores.gate, passage, matches)
        vehicle = vehicle_of(passage, matches)
        with self._news:
            lane = self._deciding
            is_let_in = lane is not None and lane.is_let_in(vehicle, self._clock.monotonic_ns())
        if shut_out is not None and is_let_in:
            return Ruling("withheld", ALREADY.reason)
        if shut_out is not None:
            self._tell_shut_out(shut_out)
            return Ruling("withheld", shut_out.reason)
        if self._stores is not None:
            self._before_asking(self._stores.gate)
        with self._news:
            lane = self._lane
            if lane is None or not self._settings.decides:
                return Ruling()
            if not self._begun:
                return Ruling("expired", Text("the inputs of the lane are not known yet"))
            now_ns = self._clock.monotonic_ns()
            verdict = lane.ask(vehicle, _lists(matches), passage.monotonic_ns, now_ns)
            self._keep()
            self._news.notify_all()
            if verdict.kind == WAIT:
                self._known.waiting[passage.id] = decision
                return Ruling(reason=verdict.reason, until=passage.at + timedelta(seconds=lane.wait_s))
        if verdict.kind == OPEN:
            return Ruling()
        self._tell_refusal(passage.plate, verdict)
        return Ruling("expired" if verdict.again else "withheld", verdict.reason)

    @property
    def _deciding(self) -> Lane | None:
        """The lane, if it rules on vehicles by now."""
        return self._lane if self._settings.decides and self._begun else None

    def has_other_read(self, passage: Passage, matches: Sequence[Match]) -> bool:
        """Whether another read of this vehicle waits, or has let it in, and it drives in or has done so since."""
        vehicle = vehicle_of(passage, matches)
        with self._news:
            lane = self._deciding
            return lane is not None and (lane.is_waiting(vehicle) or lane.is_let_in(vehicle, passage.monotonic_ns))

    def keeps_out(self, store: Store, stored: StoredPassage, matches: Sequence[Match]) -> bool:
        """Whether it is to be refused still: another read stands for it, or there is no place, which is told to whoever heard
        another reason before."""
        from engine.lane.lane import ALREADY

        is_already = stored.decision.reason.key == ALREADY.reason.key
        if self._deciding is None and (is_already or self._settings.decides):
            return True
        if self.has_other_read(stored.passage, matches):
            return True
        return not is_already and self._inside.no_place(store, stored.passage, matches) is not None

    def reads_anew(self, passage: Passage, matches: Sequence[Match], came_ns: int) -> bool:
        """The engine was told to read it anew, who came then. False: it has gone, as far as the lane knows."""
        vehicle = vehicle_of(passage, matches)
        with self._news:
            lane = self._deciding
            return lane is None or lane.reads_anew(vehicle, passage.monotonic_ns, came_ns, self._clock.monotonic_ns())

    @property
    def nobody_ns(self) -> int:
        """As the lane has it: whoever was seen before then and after has come back."""
        with self._news:
            lane = self._deciding
            return lane.nobody_ns if lane is not None else 0

    @property
    def knows_who_goes_back(self) -> bool:
        """Whether it sees those who stand before the barrier, and that they leave."""
        with self._news:
            lane = self._deciding
            return lane is not None and lane.machine.has(ARMING)

    def before_asking(self, act: Callable[[Store], None]) -> None:
        """`act(the gate's store)` is called each time before a car is judged that a list lets in."""
        self._before_asking = act

    def keeps_waiting(self, plate: str) -> bool:
        """Whether whoever is read anew now would only wait. It keeps its place meanwhile."""
        with self._news:
            lane = self._deciding
            return lane is not None and lane.would_wait(plate, self._clock.monotonic_ns())

    def may_begin(self, passage: Passage) -> Text:
        if passage.what not in CARS:
            self.by_hand(passage.id)
            return NOTHING
        with self._news:
            if self._lane is None or not self._settings.decides:
                return NOTHING
            return self._lane.may_begin(passage.id) if self._begun else NOTHING

    # --- other cameras ------------------------------------------------------------------------------------------------

    def saw(self, request: CameraSaw, own_id: str) -> None:
        """A report of another camera. ConfigError: this one has no use for it."""
        if request.camera_id == own_id:
            raise ConfigError("this camera has the same id, {id}: enter another Camera id in one of the two", id=own_id)
        if request.plate and not request.event_id:
            raise ConfigError("a plate needs the id of its event, by which a repetition is known")
        if request.lane == "view":
            self._view(request)
        elif request.plate:
            self._passed_elsewhere(request)

    def _view(self, request: CameraSaw) -> None:
        if self._settings.second_camera == SECOND_CAMERA[0] or self._lane is None:
            raise ConfigError("the Lane tab of this camera names no second camera")
        from engine.lane.pair import View

        now_ns = self._clock.monotonic_ns()
        if not request.plate:
            with self._news:
                self._take(self._lane.heard(now_ns))
            return
        age_ms = min(max(0, request.age_ms), OLDEST_VIEW_MS)
        lists = self._lists_of(request.plate, timedelta(milliseconds=age_ms))
        view = View(request.camera_id, f"{request.camera_id}/{request.event_id}", request.plate, lists, now_ns - age_ms * 1_000_000)
        with self._news:
            self._take(self._lane.view(view, now_ns))

    def _passed_elsewhere(self, request: CameraSaw) -> None:
        stores = self._stores
        if stores is None or not self._inside.counts:
            raise ConfigError("the Lane tab of this camera counts nothing")
        age = timedelta(milliseconds=max(0, request.age_ms))
        with stores.store.transaction():  # it comes again where its answer was not heard, as the camera lost its power
            if stores.store.occupancy.is_new(f"{request.camera_id}/{request.event_id}"):
                self._inside.count(stores.store, request.plate, self._matches(stores, request.plate, age), request.lane, age)

    def _lists_of(self, plate: str, age: timedelta) -> frozenset[str]:
        stores = self._stores
        return STRANGER if stores is None else _lists(self._matches(stores, plate, age))

    def _matches(self, stores: Stores, plate: str, age: timedelta) -> tuple[Match, ...]:
        """So long ago, as for a plate that this camera reads: by its settings, and by weekly hours of its own time zone."""
        fold = stores.store.settings(LprSettings).fold_lookalikes
        zone = camera_zone(stores.store.settings(GeneralSettings).time_zone)
        return stores.store.lookup(plate, self._clock.now() - age, fold, zone)

    # --- status -------------------------------------------------------------------------------------------------------

    def status(self) -> LaneStatus | None:
        """None while nothing of it is in use."""
        with self._news:
            lane = self._lane
            if lane is None:
                return None
            now_ns = self._clock.monotonic_ns()
            machine = lane.machine
            holder = machine.holder
            state = Text(STATES[machine.state]) if self._begun else Text("the inputs are not known yet")
            second = NOTHING
            if self._settings.second_camera != SECOND_CAMERA[0]:
                second = Text("the second camera answers") if lane.second_alive(now_ns) else Text("the second camera is silent")
            since_ns = max(machine.since_ns, self._opened_ns)
            since = self._clock.now() - timedelta(microseconds=max(0, now_ns - since_ns) // 1000)
            faults = tuple(Text("{input} is faulty", {"input": Text(ROLES[role])}) for role in sorted(machine.faulty))
            waiting = tuple(vehicle.plate for vehicle in lane.waiting)
        places = () if self._stores is None else self._inside.places(self._stores.store)
        return LaneStatus(state, since, holder.plate if holder else "", waiting, faults, second, places)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _begin_if_known(self) -> None:
        """The lane starts once pins has reported every input."""
        missing = self._roles.keys() - self._known.levels.keys()
        if self._lane is None or (missing and not self._known.are_all):
            return
        levels = {role: self._known.levels.get(name, False) for name, role in self._roles.items()}
        now_ns = self._clock.monotonic_ns()
        kept = self._kept.get() or Handover()
        if kept.passage_id and self._stores is not None:
            found = self._stores.store.passages.get(kept.passage_id)
            if found is None or found.decision.outcome != "opened":  # it was never stored, or refused as it still waited
                kept = replace(kept, state="free", passage_id="")
            elif kept.state == OPENED and not self._opens(self._stores, kept.passage_id):  # that failed since: it is read anew
                waiting, sure = (kept.plate, *kept.waiting), (kept.sure, *kept.waiting_sure)
                kept = replace(kept, state="free", passage_id="", waiting=waiting, waiting_sure=sure)
        self._begun = True
        if kept.passage_id and (kept.is_counted or self._counts_at_once(kept.passage_id)):
            self._known.at_once.append(kept.passage_id)
        self._take(self._lane.begin(levels, kept, now_ns))
        for name in (self._known.stuck & self._roles.keys()) | missing:
            self._take(self._lane.fault(self._roles[name], True, now_ns))

    def _take(self, effects: Sequence[Effect]) -> None:
        """With the lock held: hands the effects to the lane's own thread."""
        self._effects.extend(effects)
        self._keep()
        self._news.notify_all()

    def _keep(self) -> None:
        """Stored before anything opens: the next process must know whom it was opened for."""
        if self._lane is None:
            return
        if self._begun:
            kept = self._lane.handover(self._clock.monotonic_ns())
            kept = replace(kept, is_counted=bool(kept.passage_id) and kept.passage_id in self._known.at_once)
        else:
            kept = self._kept.get() or Handover()
        if kept != self._last_kept:
            self._last_kept = kept
            self._kept.put(kept)

    def _run(self) -> None:
        while True:
            with self._news:
                if self._stopped.is_set():
                    return
                effects = self._due()
                if not effects:
                    self._news.wait(self._patience_s())
                    continue
            self._changed()
            while effects:
                try:
                    self._carry_out(effects[0])
                except StoreError as why:
                    log.error("%s: %s", effects[0].name, why)
                    self._report(why.text)
                    if self._stores is not None:
                        self._stores.make_room(why)
                        self._let_in_behind(self._stores, effects[1:])
                    self._clock.wait(self._stopped, AGAIN_S)
                    break
                except Exception:  # the thread's top: the next vehicle must get its answer
                    log.exception("%s", effects[0].name)
                effects.pop(0)
            if effects:
                with self._news:
                    self._effects.extendleft(reversed(effects))

    def _has_loops(self) -> bool:
        return self._lane is not None and self._lane.machine.has_loops

    def _due(self) -> list[Effect]:
        if self._lane is not None and self._begun:
            self._effects.extend(self._lane.tick(self._clock.monotonic_ns()))
            self._keep()
        effects = list(self._effects)
        self._effects.clear()
        return effects

    def _patience_s(self) -> float | None:
        next_ns = self._lane.next_ns() if self._lane is not None and self._begun else None
        return None if next_ns is None else max(0.005, (next_ns - self._clock.monotonic_ns()) / 1e9)

    def _carry_out(self, effect: Effect) -> None:
        from engine.lane.lane import OPEN_NOW, REFUSE_NOW

        stores = self._stores
        assert stores is not None
        if effect.name in (OPEN_NOW, REFUSE_NOW):
            if not self._is_stored(stores, effect):
                return
            passage_id = effect.vehicle.passage_id
            if effect.name == REFUSE_NOW:
                is_in = self._decide(stores, passage_id, Decision("refused", effect.reason))
            else:
                is_in = self._its_turn(stores, passage_id)
            self._known.waiting.pop(passage_id, None)
            if is_in and self._counts_at_once(passage_id):
                self._known.at_once.append(passage_id)
                self._passed(stores, passage_id)
        elif effect.name == UNCOUNT:
            self._uncount(stores, effect.vehicle.passage_id)
        elif effect.name == COUNT:
            self._passed(stores, effect.vehicle.passage_id)
        elif effect.name == PASSED:
            passage_id = effect.vehicle.passage_id
            if (
                self._inside.counts
                and passage_id not in self._known.at_once
                and (not passage_id or self._is_stored(stores, effect))
            ):
                self._passed(stores, passage_id)
        else:
            log.warning("%s: %s %s", effect.name, effect.vehicle.plate, effect.reason)
            self._happened(effect.name, plate=effect.vehicle.plate, **self._values(effect))
            if effect.name in (UNUSED, NOT_MOVED):
                self._read_who_stands_there(effect.vehicle)
            if effect.name in ("tail_gate", "no_opening") and self._inside.counts:
                stores.store.occupancy.drifted()

    def _read_who_stands_there(self, vehicle: Vehicle) -> None:
        """Its opening has ended unused: it is read anew where it stands."""
        with self._news:
            stands = self._lane is not None and self._lane.keeps_standing
        if stands and vehicle.passage_id:
            try:
                self._read_again(ReadAgain(vehicle.passage_id, vehicle.plate))
            except WireError as why:
                log.debug("%s", why)  # the next engine reads it by itself

    def _is_stored(self, stores: Stores, effect: Effect) -> bool:
        """False: the passage is on its way into the store; `stored` repeats the effect."""
        passage_id, early = effect.vehicle.passage_id, self._known.early
        key = passage_id, effect.name
        with self._news:
            early[key] = effect
            if len(early) > MOST_WAITING:
                del early[next(iter(early))]
        try:
            if not stores.store.passages.has(passage_id):
                return False
        except StoreError:
            with self._news:
                if early.pop(key, None) is None:
                    return False  # it is repeated already
            raise
        with self._news:
            return early.pop(key, None) is not None

    def _values(self, effect: Effect) -> dict[str, object]:
        settings = self._settings
        values: dict[str, dict[str, object]] = {
            "held_open": {"seconds": settings.held_open_s},
            "barrier_still": {"seconds": settings.move_s},
            "input_fault": {"input": effect.reason},
            "input_fault_over": {"input": effect.reason},
            "list_mismatch": _other(effect.reason),
        }
        return values.get(effect.name, {})

    def _decide(self, stores: Stores, passage_id: str, decision: Decision, late: Late | None = None) -> bool:
        """A passage that waited is now carried out, or not; then `late` lets nobody in any more. Whether it was let in."""
        now = self._clock.now()
        stopped: list[Delivery] = []
        stores.bypass.wait(passage_id)
        with stores.store.transaction():
            pending = stores.store.deliveries.pending_of(passage_id)
            rules = stores.store.rules()
            mine = openers(pending, rules, stores.kinds, self)
            if decision.outcome == "opened":
                stopped, why_not = self._why_not(stores, passage_id, rules, pending, mine)
                if why_not:
                    if late is not None:
                        late.over()
                    if stores.bypass.held(passage_id) is None:  # else it is in, however many entries are left
                        decision = Decision("refused", why_not)
            if decision.outcome != "opened":
                stopped += [each for each in pending if each.id in mine and each not in stopped]
            stores.store.passages.decide(passage_id, decision)
            stores.store.deliveries.hasten(passage_id, now)
        stores.bypass.stored(passage_id, stores.store)
        for each in stopped:
            stores.outbox.give_up(each, "expired", decision.reason)
        if decision.outcome != "opened":
            with self._news:
                self._take(self._lane.cancel(passage_id, self._clock.monotonic_ns()) if self._lane is not None else [])
        stores.wake()
        stores.decided(passage_id, decision)
        log.info("passage %s: %s (%s)", passage_id, decision.outcome, decision.reason)
        return decision.outcome == "opened"

    def _why_not(
        self, stores: Stores, passage_id: str, rules: Sequence[ActionRule], pending: Sequence[Delivery], mine: set[str]
    ) -> tuple[list[Delivery], Text]:
        """(What opens no more now that its turn has come; why nothing opens the lane, NOTHING: something does, and its entry is
        counted down). `mine`: the deliveries that open the lane."""
        enabled = {rule.id for rule in rules if rule.enabled}.intersection(each.rule_id for each in pending)
        store, kinds = stores.store, stores.kinds
        if enabled.isdisjoint(self.opening(store, kinds)) and enabled.isdisjoint(_letting_in(store, kinds)):
            return [], Text(SWITCHED_OFF)
        gone, why_not = self._lapsed(stores, passage_id, pending, mine)
        if why_not:
            return gone, why_not
        opening = [each for each in pending if each.id in mine and each not in gone]
        return gone, NOTHING if _spend(store, passage_id, rules, opening) else LAST_ENTRY

    def _lapsed(
        self, stores: Stores, passage_id: str, pending: Sequence[Delivery], mine: Collection[str]
    ) -> tuple[list[Delivery], Text]:
        found = stores.store.passages.get(passage_id) if stores.bypass.held(passage_id) is None else None  # else it is in
        return ([], NOTHING) if found is None else lapsed(stores.store, stores.kinds, self, found.passage, pending, mine)

    def _its_turn(self, stores: Stores, passage_id: str) -> bool:
        """Whether it is let in: those before it may have taken the last place."""
        shut_out = self._shut_out_by_now(stores, passage_id)
        if shut_out is None:
            return self._open_now(stores, passage_id, self._known.waiting.get(passage_id, Decision("opened")))
        is_in = self._decide(stores, passage_id, Decision("refused", shut_out.reason))
        self._tell_shut_out(shut_out)
        return is_in

    def _shut_out_by_now(self, stores: Stores, passage_id: str) -> Effect | None:
        found = stores.store.passages.get(passage_id) if stores.bypass.held(passage_id) is None else None  # else it is in
        return self._inside.no_place(stores.store, found.passage, stores.store.passages.matches(passage_id)) if found else None

    def _open_now(self, stores: Stores, passage_id: str, opened: Decision) -> bool:
        """Its turn has come. If that cannot be stored, or not in time, what opens is carried out all the same."""
        with in_time(partial(self._let_in, stores, passage_id, opened, by_pins_alone=True)) as late:
            try:
                return self._decide(stores, passage_id, opened, late)
            except StoreError:
                late.run(partial(self._let_in, stores, passage_id, opened))
                raise

    def _let_in_behind(self, stores: Stores, effects: Sequence[Effect]) -> None:
        """Whose turn has come meanwhile waits for no storage either."""
        from engine.lane.lane import OPEN_NOW

        for effect in effects:
            passage_id = effect.vehicle.passage_id
            if effect.name == OPEN_NOW:
                try:
                    if self._shut_out_by_now(stores, passage_id) is None:
                        self._let_in(stores, passage_id, self._known.waiting.get(passage_id, Decision("opened")))
                except StoreError as why:
                    log.error("%s: %s", effect.name, why)

    def _let_in(self, stores: Stores, passage_id: str, opened: Decision, by_pins_alone: bool = False) -> None:
        store = stores.store
        found = store.passages.get(passage_id)
        if found is None:
            return
        due, matches, rules = store.deliveries.pending_of(passage_id), store.passages.matches(passage_id), store.rules()
        gone, why_not = self._lapsed(stores, passage_id, due, openers(due, rules, stores.kinds, self))
        if why_not:
            return
        due = [each for each in due if each not in gone]
        lists = lists_beside(store, stores.kinds, rules, due, matches)
        stores.bypass.open(Judged(found.passage, tuple(matches), opened, tuple(due), tuple(rules), (), lists), by_pins_alone)

    def _refuse_undecided(self, stores: Stores) -> None:
        for passage_id in stores.store.passages.undecided(NEWEST):
            try:
                self._decide_without_lane(stores, passage_id)
            except StorageRefused as why:  # what would open expires
                log.error("%s stays undecided: %s", passage_id, why)

    def _decide_without_lane(self, stores: Stores, passage_id: str) -> None:
        """Like `_decide`, if the lane may no longer be in use: everything that opens is stopped. Pins may have opened meanwhile,
        while the storage stalled: then that is what became of it."""
        reason = Text("the camera was started again while it waited")
        gates = [each for each in stores.store.deliveries.pending_of(passage_id) if is_gates(stores.kinds, each)]
        opening = self.opening(stores.store, stores.kinds)
        begun = [each for each in gates if each.rule_id in opening and stores.outbox.began(each)]
        with stores.store.transaction():
            _spend(stores.store, passage_id, stores.store.rules(), begun)
            stores.store.passages.decide(passage_id, Decision("opened") if begun else Decision("refused", reason))
            stores.store.deliveries.hasten(passage_id, self._clock.now())
        for each in gates:
            stores.outbox.give_up(each, "expired", reason)
        if begun and not LOOPS.intersection(self._roles.values()):
            self._passed(stores, passage_id)

    # --- counting -----------------------------------------------------------------------------------------------------

    def _counts_at_once(self, passage_id: str) -> bool:
        """Whether it counts when it is let in, as no loop tells when it drives through."""
        if not self._has_loops():
            return True
        found = self._stores.store.passages.get(passage_id) if self._stores is not None else None
        return found is not None and self._goes_against_the_loops(found.passage)

    def _goes_against_the_loops(self, passage: Passage) -> bool:
        """Whether it drives out of a lane for both directions, whose loops lie in the way of those that come in."""
        return self._settings.counts == COUNTS[3] and self._inside.way(passage) == "out"

    def _passed(self, stores: Stores, passage_id: str) -> None:
        """A vehicle has used its opening."""
        if not self._inside.counts:
            return
        found = stores.store.passages.get(passage_id) if passage_id else None
        if found is None:
            stores.store.occupancy.drifted()  # it was opened by hand
            return
        way = self._inside.way(found.passage)
        if not way:
            stores.store.occupancy.drifted()  # nobody knows whether it came in or left
        elif self._inside.count(stores.store, found.passage.plate, stores.store.passages.matches(passage_id), way):
            self._known.counted.append(passage_id)

    def _uncount(self, stores: Stores, passage_id: str) -> None:
        """It was counted when it was let in, and the barrier stayed shut: it would be kept out as one that is inside already."""
        is_counted = passage_id in self._known.at_once and passage_id in self._known.counted
        found = stores.store.passages.get(passage_id) if is_counted else None
        if found is None or found.decision.outcome != "opened":  # else it drove in, whatever became of messages
            return
        self._known.counted.remove(passage_id)
        back = "out" if self._inside.way(found.passage) == "in" else "in"
        self._inside.count(stores.store, found.passage.plate, stores.store.passages.matches(passage_id), back)

    def failed(self, delivery: Delivery) -> None:
        """A delivery has ended, and nothing was done. If it was the last one that was to open for its vehicle, there was no
        opening: the vehicle is read anew where it stands."""
        stores = self._stores
        if stores is None or self._lane is None or delivery.state not in ("failed", "expired"):
            return
        if not is_gates(stores.kinds, delivery):
            return  # a message: it may fail a day later, when its passage's rules are others
        if self._opens(stores, delivery.passage_id, delivery.id):
            return
        found = stores.store.passages.get(delivery.passage_id)
        stays = delivery.state == "expired" and found is not None and found.decision.outcome == "opened"
        with self._news:
            if self._begun:
                opened_for = BY_HAND_ID if delivery.passage_id == self._opened_by else delivery.passage_id
                self._take(self._lane.cancel(opened_for, self._clock.monotonic_ns(), stays))
        self._to_count(delivery.passage_id, UNCOUNT)

    def _opens(self, stores: Stores, passage_id: str, but_for: str = "") -> bool:
        """Whether anything but this delivery is to open for the passage, or has."""
        others = {rule.id for rule in stores.store.rules()} - self.opening(stores.store, stores.kinds)
        mine = [each.delivery for each in stores.store.deliveries(DeliveryQuery(passage_id=passage_id))]
        alive = [each for each in mine if each.state in ("pending", "sending", "done") and each.id != but_for]
        return any(is_gates(stores.kinds, each) and each.rule_id not in others for each in alive)

    def stored(self, passage: Passage, decision: Decision) -> None:
        self._count_let_in(passage, decision)
        with self._news:
            early = [key for key in self._known.early if key[0] == passage.id]
            if early:
                self._take([self._known.early.pop(key) for key in early])
            if decision.outcome not in ("opened", WAITING) and self._lane is not None and self._begun:
                self._take(self._lane.cancel(passage.id, self._clock.monotonic_ns()))

    def _count_let_in(self, passage: Passage, decision: Decision) -> None:
        if self._lane is None or not self._inside.counts:
            return
        leaves = self._goes_against_the_loops(passage)
        if self._has_loops() and not leaves:
            return
        # No action is meant for him: he drives out without the camera, which is told by his direction alone.
        is_seen = decision.outcome == "reported" or (leaves and is_for_the_other_way(decision.reason))
        if decision.outcome == "opened" or (is_seen and passage.plate):
            self._known.at_once.append(passage.id)
            self._to_count(passage.id)

    def _to_count(self, passage_id: str, name: str = COUNT) -> None:
        from engine.lane.machine import Effect, Vehicle

        with self._news:
            self._effects.append(Effect(name, Vehicle(passage_id)))
            self._news.notify_all()

    def _tell_shut_out(self, effect: Effect) -> None:
        self._happened(effect.name, plate=effect.vehicle.plate, why=effect.reason)

    def _tell_refusal(self, plate: str, verdict: Verdict) -> None:
        if verdict.event:
            self._happened(verdict.event, plate=plate, **_other(verdict.reason))


def _spend(store: Store, passage_id: str, rules: Sequence[ActionRule], opening: Sequence[Delivery]) -> bool:
    """Counts down the entries that let the passage in; False: one has none left."""
    spent = visits(store.passages.matches(passage_id), {rule.id: rule.list_id for rule in rules}, opening)
    begun = [store.visits.begin(passage_id, entry, ids) for entry, ids in spent]
    return all(begun)


def _letting_in(store: Store, kinds: Kinds) -> set[int]:
    return opening_rules(store.rules(), {each.id: each.barrier for each in store.lists()}, kinds)


def _other(why: Text) -> dict[str, object]:
    """The plate that the second camera read, taken from the reason of a mismatch."""
    return {name: why.values.get(name, "") for name in ("other", "camera")}


def _lists(matches: Sequence[Match]) -> frozenset[str]:
    """Names of the lists that the plate is on."""
    return frozenset(match.list.name for match in matches if match.list.role not in FIXED_ROLES) or STRANGER
