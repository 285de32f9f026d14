"""Asking: servers may be asked before a car is decided about (kinds with `ask`); their answers decide about the gate.

An answer decides: "no" opens nothing, "yes" lets all due actions act, including those of the asking action's own list. Without
an answer the lists of the camera decide as if nobody had been asked, but the asking action's own list then opens only for a
plate that is on a list which may open; or nothing opens, as the action says. Nobody is asked about a plate on a list that
refuses: no answer opens for it.

All due actions ask at the same time, each within its own limit. One "no" is enough, and nobody waits for the others after it;
the same goes for one missing answer after which nothing may open. If several actions belong to one list, a "yes" also counts
for those without an answer, so that a second server can stand in for the first.

A car waits only for its own questions, and never longer than their limits. A server that did not answer is left alone for a
while.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Any

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, DeliveryError, GatewrightError, PeerRefused
from board.kit.from_json import from_json
from board.kit.words import Text, mark
from board.kit.zones import camera_zone
from engine.actions import ActionKind, Kinds, options_of
from engine.dispatch.breaker import Breaker, Limits
from engine.dispatch.environment import Environment
from engine.dispatch.rules import delivery_id, unmet
from engine.dispatch.starts import begins, opens
from engine.events import PLATE
from engine.settings import GeneralSettings, LprSettings
from engine.store import Store
from engine.types import FIXED_ROLES, ActionRule, Decision, Delivery, Match, Passage, PlateEvent
from engine.week import in_force

LIMITS = Limits(threads=4, with_peers=4, doubtful=2, silent=1, one_peer=4)
PAUSE_S = (2.0, 60.0)
"""How long a server that did not answer is left alone: first, and at most after doubling."""

REMEMBERED_S = 300.0

LATEST_S = 10.0
"""Nobody is asked about a car that came longer ago: no gate opens for it any more."""

SAID = {True: mark("asked {host}: allowed"), False: mark("asked {host}: refused")}

OTHERWISE = {True: mark("{asked}; nothing opens"), False: mark("{asked}; the lists of the camera decide")}
"""Who decides without an answer, by Verdict.strict."""

log = logging.getLogger("asking")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of asking by one rule. `allowed`: the answer, None without one; `strict`: nothing opens without one; `said`:
    for the decision; `note`: for Audit, with who decided."""

    rule: ActionRule
    allowed: bool | None
    strict: bool
    said: Text
    note: Text

    @property
    def refuses(self) -> bool:
        """Whether nothing opens, whatever the others answer."""
        return self.strict if self.allowed is None else not self.allowed


Verdicts = Sequence[Verdict]
"""The verdicts about one car, in the order of the rules; empty if nobody was asked."""

Then = Callable[[Passage, Verdicts], None]


@dataclass(slots=True)
class _Car:
    """The questions that a car waits for. `ended`: it waits no longer."""

    passage: Passage
    then: Then
    waits: int
    verdicts: list[Verdict] = field(default_factory=list)
    ended: bool = False


@dataclass(slots=True)
class _Question:
    """It ends once: by the answer or when the time is up."""

    rule: ActionRule
    kind: ActionKind[Any]
    options: Any
    event: PlateEvent
    car: _Car
    begun_s: float = field(default_factory=time.monotonic)
    ended: bool = False

    @property
    def host(self) -> str:
        return str(self.options.host)

    @property
    def peer(self) -> str:
        return self.kind.peer(self.options)


class Asker:
    """`store()`: StoreError while it is not open. `is_decided(passage id)`: it has been decided about, though it is not stored yet.
    Any thread may call."""

    def __init__(
        self,
        store: Callable[[], Store],
        kinds: Kinds,
        environment: Environment,
        clock: Clock,
        is_decided: Callable[[str], bool],
    ) -> None:
        self._store = store
        self._kinds = kinds
        self._environment = environment
        self._clock = clock
        self._is_decided = is_decided
        self._rules: tuple[ActionRule, ...] = ()
        self._lock = threading.Lock()
        self._breaker = Breaker(LIMITS, PAUSE_S)
        self._known: set[str] = set()
        self._waiting: set[str] = set()
        """Passages whose questions are still open: the engine sends them again meanwhile."""

    def use(self, rules: Iterable[ActionRule]) -> None:
        """The rules have changed. A new server counts as available: the first cars may be asked about at the same time."""
        asking = [rule for rule in rules if rule.enabled and rule.kind in self._kinds and self._kinds[rule.kind].ask]
        with self._lock:
            for rule in asking:
                peer = self._peer(rule)
                if peer not in self._known:
                    self._known.add(peer)
                    self._breaker.remember(peer, answered=True)
        self._rules = tuple(asking)

    def _peer(self, rule: ActionRule) -> str:
        """The peer that the rule asks; "" for options of another release, which ask nobody."""
        try:
            kind, options = options_of(self._kinds, rule.kind, rule.options)
        except ConfigError:
            return ""
        return kind.peer(options)

    def ask(self, passage: Passage, then: Then) -> None:
        """Calls `then` with the passage and the verdicts: at once and with none if there is nobody to ask, otherwise perhaps from
        another thread, no later than the time limits. StoreError as for `then`, and if the lists cannot be read."""
        questions = self._questions(passage, then) if self._rules and passage.what == PLATE else []
        if not questions:
            then(passage, ())
            return
        with self._lock:
            if passage.id in self._waiting:
                return
            self._waiting.add(passage.id)
            free = []
            for each in questions:
                if self._breaker.allows(each.peer, self._clock.monotonic_ns()):
                    self._breaker.begin(each.peer)
                    free.append(each)
        for each in questions:
            if each in free:
                self._begin(each)
            else:
                self._end(each, self._unasked(each), None)

    def _begin(self, question: _Question) -> None:
        limit = threading.Timer(question.options.timeout_s, self._late, (question,))
        limit.daemon = True
        try:
            limit.start()
            threading.Thread(target=self._run, args=(question, limit), name="asking", daemon=True).start()
        except RuntimeError as why:  # "can't start new thread"
            limit.cancel()
            with self._lock:
                self._breaker.end(question.peer)
            self._end(question, _failed(question, why), None)

    def _questions(self, passage: Passage, then: Then) -> list[_Question]:
        store = self._store()
        age_s = (self._clock.monotonic_ns() - passage.monotonic_ns) / 1e9  # no gate goes by the wall clock: it may be set meanwhile
        if not 0 <= age_s <= LATEST_S or store.passages.has(passage.id) or self._is_decided(passage.id):
            return []
        zone = camera_zone(store.settings(GeneralSettings).time_zone)
        matches = store.lookup(passage.plate, passage.at, store.settings(LprSettings).fold_lookalikes, zone)
        if refusing(matches):
            return []
        by_list = {match.list.id: match for match in matches}
        car, found = _Car(passage, then, 0), []
        for rule in self._rules:
            if not begins(rule, passage, rule.list_id in by_list) or not in_force(rule.week, passage.at, zone):
                continue
            if unmet(rule.conditions, passage):
                continue
            try:
                kind, options = options_of(self._kinds, rule.kind, rule.options)
                match = by_list.get(rule.list_id) or Match(store.lists.get(rule.list_id), None)
            except ConfigError:
                continue  # options of another release: its delivery fails with that reason
            found.append(_Question(rule, kind, options, PlateEvent(passage, matches, match), car))
        car.waits = len(found)
        return found

    def _unasked(self, question: _Question) -> Verdict:
        with self._lock:
            silent = self._breaker.again_ns(question.peer) > self._clock.monotonic_ns()
        values = {"host": question.host}
        if silent:
            return _without(question, Text("{host} was not asked: it did not answer before", values))
        return _without(question, Text("{host} was not asked: it is being asked about other cars", values))

    def _run(self, question: _Question, limit: threading.Timer) -> None:
        answered: bool | None = True
        try:
            verdict = self._asked(question)
        except PeerRefused as why:
            verdict = _without(question, _no_answer(question, why.text))
        except ConfigError as why:
            verdict, answered = _without(question, _no_answer(question, why.text)), None
        except DeliveryError as why:
            verdict, answered = _without(question, _no_answer(question, why.text)), False
        except Exception as why:  # a bug in a kind must not keep the car waiting
            log.exception("%s", question.rule.name)
            verdict = _failed(question, why)
        limit.cancel()
        try:
            self._end(question, verdict, answered)
        finally:
            with self._lock:
                self._breaker.end(question.peer)

    def _asked(self, question: _Question) -> Verdict:
        passage, options = question.event.passage, question.options
        not_after = self._clock.now() + timedelta(seconds=options.timeout_s)
        not_after_ns = self._clock.monotonic_ns() + round(options.timeout_s * 1e9)
        env = self._environment.env(question.kind, options, delivery_id(passage.id, question.rule.id), not_after, not_after_ns)
        assert question.kind.ask is not None
        answer = question.kind.ask(question.event, options, env)
        said = Text(SAID[answer.allowed], {"host": question.host})
        note = answer.said(question.host, (time.monotonic() - question.begun_s) * 1000)
        return Verdict(question.rule, answer.allowed, False, said, note)

    def _late(self, question: _Question) -> None:
        seconds = question.options.timeout_s
        self._end(
            question, _without(question, _no_answer(question, Text("no answer in {seconds:g} s", {"seconds": seconds}))), False
        )

    def _end(self, question: _Question, verdict: Verdict, answered: bool | None) -> None:
        """Only the first end counts: a later answer opens nothing."""
        car = question.car
        with self._lock:
            if question.ended:
                return
            question.ended = True
            if answered:
                self._breaker.answered(question.peer)
            elif answered is False:
                self._breaker.silent(question.peer, self._clock.monotonic_ns(), REMEMBERED_S)
            car.waits -= 1
            if car.ended:
                return
            car.verdicts.append(verdict)
            car.ended = verdict.refuses or not car.waits
            if not car.ended:
                return
            verdicts = tuple(sorted(car.verdicts, key=lambda each: each.rule.id))
        passage = car.passage
        log.info("%s for %s", "; ".join(str(each.note) for each in verdicts), passage.plate)
        try:
            car.then(passage, verdicts)
        except GatewrightError as why:  # the engine sends the passage again
            log.warning("passage %s: %s", passage.id, why)
        except Exception:  # the thread's top
            log.exception("passage %s", passage.id)
        finally:
            with self._lock:
                self._waiting.discard(passage.id)


def _no_answer(question: _Question, why: Text) -> Text:
    return Text("asked {host}: no answer that counts ({why})", {"host": question.host, "why": why})


def _failed(question: _Question, why: Exception) -> Verdict:
    return _without(question, _no_answer(question, Text("unexpected error: {error}", {"error": type(why).__name__})))


def _without(question: _Question, said: Text) -> Verdict:
    strict = question.options.otherwise == "refuse"
    return Verdict(question.rule, None, strict, said, Text(OTHERWISE[strict], {"asked": said}))


# --- what it means ----------------------------------------------------------------------------------------------------


def refusing(matches: Iterable[Match]) -> list[str]:
    """The lists of the plate that refuse."""
    return [match.list.name for match in matches if match.list.barrier == "refuse"]


def vouched(matches: Iterable[Match]) -> bool:
    """Whether the plate itself, not one like it, is on a list that may open."""
    return any(
        match.list.barrier == "open" and match.list.role not in FIXED_ROLES and match.entry is not None and not match.distance
        for match in matches
    )


def stopping(verdicts: Verdicts, opener: ActionRule, known: bool) -> Verdict | None:
    """The verdict that keeps the rule from opening; None: it may open. `known`: a list vouches for the plate."""
    refused = next((each for each in verdicts if each.refuses), None)
    mine = [each for each in verdicts if each.rule.list_id == opener.list_id]
    if refused is not None or known or any(each.allowed for each in mine):
        return refused
    return mine[0] if mine else None


def heed(
    verdicts: Verdicts,
    deliveries: Sequence[Delivery],
    rules: Iterable[ActionRule],
    matches: Sequence[Match],
    kinds: Kinds,
    now: datetime,
) -> list[Delivery]:
    """The deliveries after asking: those of the asking rules carry the outcome, and what must not open is withheld."""
    by_id = {rule.id: rule for rule in rules}
    sirens = {match.list.id for match in matches if match.list.barrier == "refuse"}
    known = vouched(matches)
    answers = verdicts if sirens else (*verdicts, *_unasked(verdicts, deliveries, by_id, kinds))
    found = []
    for each in deliveries:
        kind, rule = kinds.get(each.kind), by_id.get(each.rule_id)
        if each.state != "pending" or kind is None or rule is None:
            found.append(each)
            continue
        if kind.ask is not None:
            found.append(_told(verdicts, each, matches, now))
            continue
        stop = stopping(answers, rule, known) if opens(kind) and rule.list_id not in sirens else None
        found.append(each if stop is None else replace(each, state="withheld", finished_at=now, note=stop.said))
    return found


NOT_ASKED = Text("nobody was asked by this action")


def _unasked(
    verdicts: Verdicts, deliveries: Iterable[Delivery], rules: Mapping[int, ActionRule], kinds: Kinds
) -> Iterator[Verdict]:
    """Whoever should have been asked and was not has not answered: an action that was saved a moment ago, or whose options are of
    another release."""
    asked = {each.rule.id for each in verdicts}
    for each in deliveries:
        kind, rule = kinds.get(each.kind), rules.get(each.rule_id)
        if kind is None or kind.ask is None or rule is None or rule.id in asked or each.state not in ("pending", "failed"):
            continue
        yield Verdict(rule, None, _is_strict(rule.options), NOT_ASKED, NOT_ASKED)


def _is_strict(options: str) -> bool:
    """By the options as they are stored: those of another release may fit no kind."""
    try:
        found = from_json(options or "{}")
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("otherwise") == "refuse"


def _told(verdicts: Verdicts, delivery: Delivery, matches: Sequence[Match], now: datetime) -> Delivery:
    verdict = next((each for each in verdicts if each.rule.id == delivery.rule_id), None)
    if verdict is not None:
        return replace(
            delivery, state="failed" if verdict.allowed is None else "done", attempts=1, finished_at=now, note=verdict.note
        )
    lists = refusing(matches)
    if lists:
        why = Text("nobody was asked: the plate is on {lists}", {"lists": lists})
    elif verdicts:
        why = Text("nobody waited for its answer: it was decided by another one")
    else:
        why = NOT_ASKED
    return replace(delivery, state="withheld", finished_at=now, note=why)


def decided(verdicts: Verdicts, decision: Decision, deliveries: Iterable[Delivery]) -> Decision:
    """The decision with the outcome of asking. `deliveries`: as `heed` returns them."""
    if not verdicts:
        return decision
    notes = [each.note for each in deliveries if each.state == "withheld"]
    stopped = next((each for each in verdicts if each.said in notes), None)
    if stopped is not None and decision.outcome == "withheld":
        return Decision("refused", stopped.said)
    allowed = next((each for each in verdicts if each.allowed), None)
    if decision.outcome == "opened" and allowed is not None:
        return Decision("opened", allowed.said)
    said = next((each for each in verdicts if each.refuses), verdicts[0]).said
    return Decision(decision.outcome, Text("{reason} ({asked})", {"reason": decision.reason, "asked": said}))
