"""Perform: carries out one delivery and records its outcome."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, DeliveryError, LogInRefused, PeerAway, PeerBusy, PeerRefused, StoreError
from board.kit.settings import Settings
from board.kit.words import Text, mark
from board.types import PinsDone
from engine.actions import ActionKind, Kinds, Lane, Taken, options_of
from engine.actions._kind import PAUSE_S, noted
from engine.dispatch.age import left_ns
from engine.dispatch.barrier import Barrier
from engine.dispatch.environment import Environment
from engine.dispatch.outbox import Outbox
from engine.dispatch.starts import begins
from engine.store import Store
from engine.types import ON_MATCH, WAITING, ActionRule, Delivery, Match, PlateEvent

log = logging.getLogger("actions")


Later = Callable[[PinsDone | DeliveryError], object]


@dataclass(frozen=True, slots=True)
class Tried:
    """The outcome of one try. `peer`: the peer, "" for none; `answered`: whether it answered, if only to refuse, None if nobody
    was asked; `later`: pins accepted it, and this is to be called with the end; `again_s`: how long the peer says to wait;
    `refused`: whether it answered and did not take this; `log_in`: whether it refused that of the action; `away`: whether it was
    not there at all."""

    peer: str = ""
    answered: bool | None = None
    later: Later | None = None
    again_s: float = 0.0
    refused: bool = False
    log_in: bool = False
    away: bool = False


NOBODY_ASKED = Tried()

SHORTAGES = (OSError, MemoryError, RuntimeError)
"""What the camera lacks for a moment: descriptors, memory, threads ("can't start new thread"), a file on a worn card."""

SWITCHED_OFF = mark("the action was switched off or deleted before it was carried out")


@dataclass(frozen=True, slots=True)
class _Task:
    """A delivery with everything that it needs."""

    item: Delivery
    rule: ActionRule
    kind: ActionKind[Any]
    options: Settings
    event: PlateEvent

    @property
    def peer(self) -> str:
        return self.kind.peer(self.options)

    def __str__(self) -> str:
        return f"{self.rule.kind} {self.rule.name!r} for {self.event.passage.plate}"


class Performer:
    """Raises StoreError only. Several threads may call. `barrier`: rules on what opens."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        kinds: Kinds,
        environment: Environment,
        clock: Clock,
        barrier: Barrier | None = None,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._kinds = kinds
        self._environment = environment
        self._clock = clock
        self._barrier = barrier
        self._troubles: dict[str, bool] = {}
        """The last result of each peer, or of each action without one: whether it answered. Only a change of this is logged,
        not every try of a server that is down."""

    def perform(self, item: Delivery) -> Tried:
        """Makes one try, or ends a delivery that must no longer be tried."""
        try:
            task = self._task(item)
        except ConfigError as why:
            self._give_up(item, "failed", why.text)
            return NOBODY_ASKED
        now_ns = self._clock.monotonic_ns()
        rest_ns = left_ns(task.event.passage, task.kind, item.not_after, self._clock.now(), now_ns)
        if rest_ns < 0 and not _may_have_begun(task):
            return self._expire(item, Text("too late"))
        if task.event.decision.outcome == WAITING:
            self._outbox.retry(item, item.note, *PAUSE_S[Lane.FAST])  # a ruling follows in a moment
            return NOBODY_ASKED
        if self._barrier is not None and self._barrier.opens(task.kind, task.options):
            why_not = self._barrier.may_begin(task.event.passage)
            if why_not:
                return self._expire(item, why_not)
        log.debug("%s begins, try %d, %.1f s are left", task, item.attempts + 1, rest_ns / 1e9)
        try:
            env = self._environment.env(task.kind, task.options, item.id, item.not_after, now_ns + rest_ns)
            said = task.kind.deliver(task.event, task.options, env)
        except DeliveryError as why:
            return self._retry(task, why) if rest_ns > 0 else self._expire(item, why.text)
        except ConfigError as why:
            self._give_up(item, "failed", why.text)
            return NOBODY_ASKED
        except Exception as why:  # a bug in a kind must not end the worker
            log.exception("%s", task)
            said_why = Text("unexpected error: {error}", {"error": type(why).__name__})
            if not isinstance(why, SHORTAGES) or rest_ns <= 0:
                self._give_up(item, "failed", said_why)
            else:
                self._outbox.retry(item, said_why, *task.kind.pauses_s)
            return NOBODY_ASKED
        if isinstance(said, Taken):
            return Tried(task.peer, True, partial(self._finish, task, said.note))
        self._done(task, said)
        return Tried(task.peer, True)

    def may_go_on(self, rule_id: int) -> bool:
        """False: its action is switched off or deleted by now."""
        try:
            rule = self._store.rules.get(rule_id)
        except StoreError:
            return True
        return rule is not None and rule.enabled

    def _task(self, item: Delivery) -> _Task:
        stored = self._store.passages.get(item.passage_id)
        rule = self._store.rules.get(item.rule_id)
        if stored is None or rule is None or not rule.enabled:
            raise ConfigError(SWITCHED_OFF)
        kind, options = options_of(self._kinds, rule.kind, rule.options)
        kind.check_usable()
        matches = self._store.passages.matches(stored.passage.id)
        match = next((match for match in matches if match.list.id == rule.list_id), None)
        if not begins(rule, stored.passage, match is not None):
            if rule.start.on == ON_MATCH.on:
                raise ConfigError("the action was moved to a list that the plate was not in")
            raise ConfigError("the action was changed and starts on something else now")
        match = match or Match(self._store.lists.get(rule.list_id), None)
        return _Task(item, rule, kind, options, PlateEvent(stored.passage, matches, match, stored.decision))

    def _finish(self, task: _Task, note: Text, answer: PinsDone | DeliveryError) -> None:
        if isinstance(answer, PinsDone):
            self._done(task, noted(note, answer.note))
        else:
            self._retry(task, answer)

    def _done(self, task: _Task, note: Text) -> None:
        self._outbox.done(task.item, note)
        again = " again" if self._troubles.pop(_place(task), None) is not None else ""
        age_ms = (self._clock.monotonic_ns() - task.event.passage.monotonic_ns) / 1e6
        log.info("%s: %s%s, %.0f ms after the picture", task, note, again, age_ms)

    def _retry(self, task: _Task, why: DeliveryError) -> Tried:
        answered = isinstance(why, PeerRefused)
        if self._troubles.get(_place(task)) != answered:
            self._troubles[_place(task)] = answered
            log.warning("%s, try %d: %s", task, task.item.attempts, why)
        log_in, away = isinstance(why, LogInRefused), isinstance(why, PeerAway | PeerBusy)
        if (answered and not log_in) or (task.kind.lane is Lane.FAST and not task.peer):
            self._outbox.retry(task.item, why.text, *task.kind.pauses_s)
        else:
            self._outbox.wait_for_peer(task.item, why.text)
        again_s = why.again_s if isinstance(why, PeerBusy) else 0.0
        return Tried(task.peer, answered, again_s=again_s, refused=answered, log_in=log_in, away=away)

    def _expire(self, item: Delivery, why: Text) -> Tried:
        self._give_up(item, "expired", item.note if item.note.key else why)
        return NOBODY_ASKED

    def _give_up(self, item: Delivery, state: str, note: Text) -> None:
        if self._outbox.give_up(item, state, note):
            log.error("%s delivery %s %s: %s", item.kind, item.id, state, note)
        else:
            log.warning("%s delivery %s began before; now: %s", item.kind, item.id, note)


def _may_have_begun(task: _Task) -> bool:
    """Whether to ask pins, which begins nothing late, all the same: an earlier try may have begun before the process that
    should have recorded it ended. An action that opened the gate must not appear as expired in the Audit tab."""
    return task.kind.lane is Lane.FAST and not task.peer and task.item.attempts > 1


def _place(task: _Task) -> str:
    return task.peer or f"action {task.rule.id}"
