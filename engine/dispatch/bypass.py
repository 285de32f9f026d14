"""Bypass: opens the gate for a car whose passage cannot be stored (full or broken storage), or not in time (a card that stalls),
from memory and within its maximum age.

Pins knows a pulse by the id of its delivery, which is made of passage and action: whether the request comes from here or later
from the outbox, the pulse begins once.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import DeliveryError, GatewrightError, StoreError
from board.kit.words import Text
from board.types import PinsDone
from engine.actions import Kinds, Pins, Taken, options_of
from engine.actions._kind import noted
from engine.dispatch.age import left_ns
from engine.dispatch.asking import Verdicts
from engine.dispatch.barrier import Barrier
from engine.dispatch.environment import Environment
from engine.dispatch.starts import opens
from engine.events import CARS
from engine.store import Store
from engine.types import ActionRule, Decision, Delivery, ListEntry, Match, Passage, PlateEvent, PlateList

log = logging.getLogger("actions")

SLOW_S = 1.0
"""A commit takes milliseconds. What opens does not wait longer for a card that stalls or a database that others hold."""

LONGEST_S = 8.0
"""A door that has not answered by then will hardly do so."""

MOST_HELD = 1000
MOST_THREADS = 16
"""Threads, one for each delivery; an action that opens a gate takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A passage with everything decided about it, before it is stored. `spent`: the entries that it counts down, each with the
    ids of the deliveries that open by it; `beside`: lists that the plate is not in and whose actions open all the same (an exit
    loop, any car of a lane); `verdicts`: what servers answered; `is_in`: the service before let it in."""

    passage: Passage
    matches: tuple[Match, ...]
    decision: Decision
    deliveries: tuple[Delivery, ...]
    rules: tuple[ActionRule, ...]
    spent: tuple[tuple[ListEntry, tuple[str, ...]], ...]
    beside: tuple[PlateList, ...] = ()
    verdicts: Verdicts = ()
    is_in: bool = False

    @property
    def done(self) -> tuple[tuple[Delivery, datetime], ...]:
        """What was carried out already, and when."""
        return tuple((each, each.finished_at) for each in self.deliveries if each.state == "done" and each.finished_at is not None)

    def match_of(self, rule: ActionRule) -> Match:
        """The match that the rule's action gets, as Performer gives it."""
        matches = (*self.matches, *(Match(each, None) for each in self.beside))
        return next(match for match in matches if match.list.id == rule.list_id)


def lists_beside(
    store: Store, kinds: Kinds, rules: Iterable[ActionRule], deliveries: Iterable[Delivery], matches: Iterable[Match]
) -> tuple[PlateList, ...]:
    """Lists without the plate whose actions open: read now, as a broken storage may not be read later."""
    opening = {each.rule_id for each in deliveries if each.state == "pending" and is_gates(kinds, each)}
    lists = {rule.list_id for rule in rules if rule.id in opening} - {match.list.id for match in matches}
    return tuple(store.lists.get(each) for each in lists)


def is_gates(kinds: Kinds, item: Delivery) -> bool:
    """Whether it may open a gate, by its kind: no message."""
    kind = kinds.get(item.kind)
    return kind is not None and opens(kind)


class Late:
    """What is called if something takes long, and never once that is `over`."""

    def __init__(self, late: Callable[[], object]) -> None:
        self._late = late
        self._lock = threading.Lock()
        self._over = False

    def run(self, other: Callable[[], object] | None = None) -> None:
        """`other`: instead of it."""
        with self._lock:
            if self._over:
                return
            try:
                (other or self._late)()
            except GatewrightError as why:
                log.error("%s", why)

    def over(self) -> None:
        """Returns once a call that has begun has ended."""
        with self._lock:
            self._over = True


@contextmanager
def in_time(late: Callable[[], object]) -> Iterator[Late]:
    """Calls `late` from another thread if what is stored meanwhile takes long."""
    once = Late(late)
    timer = threading.Timer(SLOW_S, once.run)
    timer.daemon = True
    with suppress(RuntimeError):  # "can't start new thread": it may well take no longer
        timer.start()
    try:
        yield once
    finally:
        timer.cancel()
        once.over()


class Bypass:
    """Any thread may call. `barrier`: rules on what opens."""

    def __init__(self, kinds: Kinds, environment: Environment, pins: Pins, clock: Clock, barrier: Barrier | None = None) -> None:
        self._kinds = kinds
        self._environment = environment
        self._pins = pins
        self._clock = clock
        self._barrier = barrier
        self._lock = threading.Lock()
        self._ended = threading.Condition(self._lock)
        self._held: OrderedDict[str, Judged] = OrderedDict()
        self._busy: set[str] = set()

    def held(self, passage_id: str) -> Judged | None:
        """The decision made when the passage could not be stored, with what has been carried out since."""
        with self._lock:
            return self._held.get(passage_id)

    def wait(self, passage_id: str) -> None:
        """Returns once no door is being asked for it any more: stored as not carried out yet, the outbox would ask it once more."""
        with self._ended:
            self._ended.wait_for(lambda: not self._is_asking(passage_id), LONGEST_S)

    def _is_asking(self, passage_id: str) -> bool:
        held = self._held.get(passage_id)
        return held is not None and any(each.id in self._busy and not self._is_pins(held, each) for each in held.deliveries)

    def stored(self, passage_id: str, store: Store | None = None) -> None:
        """It is stored. `store`: without what was carried out meanwhile, which is written down there."""
        with self._lock:
            held = self._held.pop(passage_id, None)
        if held is None or store is None:
            return
        try:
            for each, at in held.done:
                store.deliveries.finish(each.id, each.state, at, each.note)
        except StoreError as why:  # then it is carried out once more, and pins says that it was done
            log.warning("%s: %s", held.passage.plate, why)

    def open(self, judged: Judged, by_pins_alone: bool = False) -> None:
        """Carries out what opens gates, beside the caller; refused requests may be repeated. `by_pins_alone`: it may be carried out
        once more, which pins alone is sure to know."""
        with self._lock:
            kept = self._held.setdefault(judged.passage.id, judged)
            while len(self._held) > MOST_HELD:
                del self._held[self._oldest()]
            due = [item for item in kept.deliveries if item.state == "pending" and is_gates(self._kinds, item)]
            due = [item for item in due if not by_pins_alone or self._is_pins(kept, item)]
            due = [item for item in due if item.id not in self._busy][: MOST_THREADS - len(self._busy)]
            self._busy |= {item.id for item in due}
        for item in due:
            try:
                threading.Thread(target=self._run, args=(kept, item), name="bypass", daemon=True).start()
            except RuntimeError as why:  # "can't start new thread": the passage comes again
                log.error("%s for %s, which is not stored: %s", item.kind, kept.passage.plate, why)
                self._end(kept, item, None)

    def _oldest(self) -> str:
        """Events first: nobody brings one again, as the engine does a car."""
        events = (each for each, judged in self._held.items() if judged.passage.what not in CARS)
        return next(events, next(iter(self._held)))

    def _is_pins(self, judged: Judged, item: Delivery) -> bool:
        rule = next(rule for rule in judged.rules if rule.id == item.rule_id)
        kind, options = options_of(self._kinds, rule.kind, rule.options)
        return not kind.peer(options)

    def _run(self, judged: Judged, item: Delivery) -> None:
        try:
            said = self._deliver(judged, item)
        except GatewrightError as why:
            log.error("%s for %s, which is not stored: %s", item.kind, judged.passage.plate, why)
            self._end(judged, item, None)
        except Exception:  # the thread's top: a bug in a kind
            log.exception("%s for %s, which is not stored", item.kind, judged.passage.plate)
            self._end(judged, item, None)
        else:
            if isinstance(said, Taken):
                self._pins.settle(item.id, partial(self._settled, judged, item, said.note))
            else:
                self._end(judged, item, said)

    def _deliver(self, judged: Judged, item: Delivery) -> Text | Taken:
        passage, now_ns = judged.passage, self._clock.monotonic_ns()
        rule = next(rule for rule in judged.rules if rule.id == item.rule_id)
        kind, options = options_of(self._kinds, rule.kind, rule.options)
        rest_ns = left_ns(passage, kind, item.not_after, self._clock.now(), now_ns)
        if rest_ns < 0:
            raise DeliveryError("too late")
        if self._barrier is not None and self._barrier.opens(kind, options):
            why_not = self._barrier.may_begin(passage)
            if why_not:
                raise DeliveryError(why_not)
        env = self._environment.env(kind, options, item.id, item.not_after, now_ns + rest_ns)
        event = PlateEvent(passage, judged.matches, judged.match_of(rule), judged.decision)
        return kind.deliver(event, options, env)

    def _settled(self, judged: Judged, item: Delivery, note: Text, end: PinsDone | DeliveryError) -> None:
        self._end(judged, item, noted(note, end.note) if isinstance(end, PinsDone) else None)

    def _end(self, judged: Judged, item: Delivery, note: Text | None) -> None:
        """`note`: what was done; None: nothing."""
        with self._lock:
            self._busy.discard(item.id)
            self._ended.notify_all()
            held = self._held.get(judged.passage.id)
            if note is None or held is None:
                return
            done = replace(item, state="done", attempts=1, finished_at=self._clock.now(), note=note)
            self._held[judged.passage.id] = replace(held, deliveries=_with(held.deliveries, done))
        log.warning("%s for %s, which is not stored: %s", item.kind, judged.passage.plate, note)


def _with(deliveries: Sequence[Delivery], changed: Delivery) -> tuple[Delivery, ...]:
    return tuple(changed if each.id == changed.id else each for each in deliveries)
