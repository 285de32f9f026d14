"""Events: what happens without a car being read (engine/events.py): stored as a passage, on which rules start.

Whoever notices an event only reports it. A separate thread stores it, over another connection than the gate's, so that neither
an input nor a car waits for it. The thread starts with the first event.
"""

from __future__ import annotations

import logging
import queue
import threading
import uuid
from collections.abc import Callable, Iterable
from threading import Timer

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import StoreError
from board.kit.words import Text
from engine.dispatch.starts import input_cause
from engine.events import EVENTS
from engine.types import NO_RULE, ActionRule, Delivery, Passage, PassageImages

log = logging.getLogger("events")

MOST_WAITING = 64

PATIENCE_S = 1.0
"""An event is stored within milliseconds. The next one, which may open a way out, waits no longer for a storage that stalls."""
MOST_TAKING = 16

LEAST_GAP_NS = 500_000_000
"""An input that chatters starts its rules at most this often, and at last those of the level that it stays at: what one edge
switched on, the other switches off."""


@dataclass(frozen=True, slots=True)
class Done:
    """The outcome of an event that somebody caused: its row in Audit. `state`: "done" or "failed"."""

    kind: str
    state: str
    note: Text


@dataclass(frozen=True, slots=True)
class Happening:
    """`happened`: the text of the event; `done`: what was done already."""

    passage: Passage
    happened: Text
    done: tuple[Delivery, ...] = ()


class Events:
    """`take(happening)` stores an event and has its rules carried out; StoreError: it could not. `report` gets what a person
    must know. Any thread may call."""

    def __init__(self, clock: Clock, take: Callable[[Happening], object], report: Callable[[Text], None]) -> None:
        self._clock = clock
        self._take = take
        self._report = report
        self._wanted: frozenset[str] = frozenset()
        self._inputs: frozenset[str] = frozenset()
        self._last_ns: dict[str, int] = {}
        self._levels: dict[str, bool] = {}
        self._told: dict[str, bool] = {}
        """Inputs: the level of the last event."""
        self._owed: dict[str, Timer] = {}
        """Inputs that changed too soon: they are looked at once more."""
        self._of_inputs = threading.Lock()
        self._waiting: queue.Queue[Happening | None] = queue.Queue(MOST_WAITING)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def use(self, rules: Iterable[ActionRule]) -> None:
        """The rules have changed: an event on which none of them starts need not be stored."""
        enabled = [rule for rule in rules if rule.enabled]
        self._wanted = frozenset(rule.start.on for rule in enabled)
        self._inputs = frozenset(input_cause(rule.start.input, rule.start.active) for rule in enabled if rule.start.on == "input")

    def input(self, line: str, active: bool) -> None:
        """A digital input has changed."""
        with self._of_inputs:
            self._levels[line] = active
            self._tell_level(line)

    def _tell_level(self, line: str) -> None:
        active = self._levels[line]
        cause = input_cause(line, active)
        if cause not in self._inputs:
            return
        now_ns = self._clock.monotonic_ns()
        rest_ns = self._last_ns.get(cause, now_ns - LEAST_GAP_NS) + LEAST_GAP_NS - now_ns
        if rest_ns <= 0:
            self._last_ns[cause], self._told[line] = now_ns, active
            self.happened("input", cause=cause, input=line, level=Text("active") if active else Text("inactive"))
        elif line not in self._owed:
            timer = self._owed[line] = Timer(rest_ns / 1e9, self._look_again, (line,))
            timer.daemon = True
            timer.start()

    def _look_again(self, line: str) -> None:
        with self._of_inputs:
            if self._owed.pop(line, None) is not None and self._told.get(line) != self._levels[line]:
                self._tell_level(line)

    def happened(
        self,
        event: str,
        plate: str = "",
        lane: int = 0,
        cause: str = "",
        done: Done | None = None,
        **values: object,
    ) -> None:
        """An event of engine.events.EVENTS, now; `values`: the values of its sentence. Returns at once."""
        kind = EVENTS[event]
        if not kind.kept and event not in self._wanted:
            return
        passage = Passage(
            id=str(uuid.uuid4()),
            plate=plate,
            confidence=0.0,
            country="",
            region="",
            lane=lane,
            direction="",
            char_height_px=0.0,
            at=self._clock.now(),
            monotonic_ns=self._clock.monotonic_ns(),
            trigger_id="",
            trigger_cause=cause,
            votes=0,
            box=(0, 0, 0, 0),
            size=(0, 0),
            images=PassageImages(),
            event=event,
        )
        self._start()
        try:
            happened = Text(kind.said, {"plate": plate, **values} if plate else values)
            self._waiting.put_nowait(Happening(passage, happened, (_delivery(passage, done),) if done else ()))
        except queue.Full:
            log.error("%s dropped: %d events wait for the store already", event, MOST_WAITING)

    def close(self) -> None:
        """Stores what waits first."""
        with self._of_inputs:
            while self._owed:
                self._owed.popitem()[1].cancel()
        thread = self._thread
        if thread is not None:
            try:
                self._waiting.put(None, timeout=1.0)
            except queue.Full:
                return
            thread.join(2.0)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="events", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        taking: list[threading.Thread] = []
        while (waiting := self._waiting.get()) is not None:
            taking = [each for each in taking if each.is_alive()]
            if len(taking) >= MOST_TAKING:
                taking[0].join()
            thread = threading.Thread(target=self._take_one, args=(waiting,), name="event", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # "can't start new thread"
                self._take_one(waiting)
                continue
            taking.append(thread)
            thread.join(PATIENCE_S)  # one after the other: what switches on comes before what switches off
        for each in taking:
            each.join()

    def _take_one(self, waiting: Happening) -> None:
        try:
            self._take(waiting)
        except StoreError as why:
            event = waiting.passage.event
            log.error("%s not stored: %s", event, why)
            self._report(Text("{event} not stored: {why}", {"event": Text(EVENTS[event].label), "why": why.text}))
        except Exception:  # the thread's top: the next event must come through
            log.exception("%s", waiting.passage.event)


def _delivery(passage: Passage, done: Done) -> Delivery:
    """The row in Audit for an action that no rule caused."""
    return Delivery(
        id=str(uuid.uuid4()),
        passage_id=passage.id,
        rule_id=NO_RULE,
        kind=done.kind,
        state=done.state,
        created_at=passage.at,
        not_after=passage.at,
        attempts=1,
        next_try_at=passage.at,
        finished_at=passage.at,
        note=done.note,
    )
