"""Workers: threads that carry out deliveries, FAST ones at the gate and SLOW ones over networks, separately."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import DeliveryError, StoreError
from board.kit.words import Text
from board.types import PinsDone
from engine.actions import Kinds, Lane, Pins
from engine.actions._kind import PAUSE_S
from engine.dispatch.breaker import LIMITS, Breaker
from engine.dispatch.outbox import LONGEST_PAUSE_S, Outbox
from engine.dispatch.perform import SWITCHED_OFF, Later, Performer, Tried
from engine.store.queries import Head, RuleResult
from engine.types import ActionRule, Delivery

IDLE_S = 5.0
"""A worker looks into the outbox this often even without a call: the wall clock may have been set."""

LEAST_WAIT_S = 0.02

SET_BACK_S = 1.0
"""A wall clock that loses more than this was set back."""

PATIENCE = 3
"""Tries without an answer after which it is another delivery's turn."""

REFUSED_NS = 5 * 10**9
"""For so long after a refusal other actions come first: theirs may be taken."""

MOST_YOUNG = 1000

WATCHED_S = 60.0
"""For so long after that, what is further ahead than this lane's own longest pause is due at once: nothing that opens a gate lives
longer. Else it would wait until the clock is as late again, for minutes, and its car with it."""

log = logging.getLogger("actions")


def names_of(kinds: Kinds, lane: Lane) -> list[str]:
    """The names under which deliveries of this lane may be stored."""
    return [name for kind in kinds.values() if kind.lane is lane for name in (kind.name, *kind.former)]


@dataclass(frozen=True, slots=True)
class _Silence:
    """Tries of one action in a row that nobody answered: the first delivery, how many of those that reached the peer, when the last
    one ended."""

    oldest: str
    tries: int
    last_ns: int


class Workers:
    """The threads of one lane. `peer_of(rule id)`: the peer of a rule, "" for none or not known.

    In the SLOW lane a rule without a peer counts as its own peer: one of its deliveries is under way at a time."""

    def __init__(
        self,
        lane: Lane,
        kinds: Kinds,
        outbox: Outbox,
        performer: Performer,
        pins: Pins,
        peer_of: Callable[[int], str],
        clock: Clock,
        on_problem: Callable[[Text], None],
    ) -> None:
        self._lane = lane
        self._kinds = names_of(kinds, lane)
        self._pauses_s = {name: kind.pauses_s for kind in kinds.values() for name in (kind.name, *kind.former)}
        self._outbox = outbox
        self._performer = performer
        self._pins = pins
        self._peer_of = peer_of
        self._clock = clock
        self._on_problem = on_problem
        self._claiming = threading.Lock()
        self._looked = clock.now(), clock.monotonic_ns()
        """Wall and monotonic clock of the last look into the outbox."""
        self._set_back_ns = 0
        """When the wall clock was set back last, by the monotonic one."""
        self._found = outbox.newest(), clock.monotonic_ns()
        """The last delivery of before this process, and when that began: the clock may have been set back while none looked."""
        self._breaker = Breaker(LIMITS[lane], PAUSE_S[lane])
        self._log_ins = Breaker(LIMITS[lane], PAUSE_S[lane])
        """Actions whose log-in was refused, as if each were a peer: with all that waits a server would be asked so often that it
        locks the user, or the camera, out."""
        self._silence: dict[int, _Silence] = {}
        """By action: its tries since a peer answered one of it last."""
        self._unlikely: dict[str, str] = {}
        """Deliveries under way whose actions got no answer last, with their peers."""
        self._refused_ns: dict[int, int] = {}
        """By action: when its peer refused a delivery of it, if that was its last answer."""
        self._options: dict[int, str] = {}
        """Of the actions, as they were used last."""
        self._suspects: set[str] = set()
        """Deliveries that got no answer again and again, while the next one of their action did."""
        self._late: dict[str, int] = {}
        """Deliveries under way that are too old by the wall clock, with their numbers."""
        self._young: set[int] = set()
        """Those that are not too old by the other clock (engine/dispatch/age.py): they wait for their peer as all others do."""
        self._unclaimed: set[int] = set()
        """Deliveries that were carried out although the storage could not record that they were claimed."""
        self._ends: deque[Callable[[], object]] = deque()
        """Results from pins for accepted deliveries, to be recorded."""
        self._taken: dict[str, int] = {}
        """Deliveries that pins has accepted, with their rules."""
        self._changed = threading.Condition()
        self._calls = 0
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"{lane.value}-{number}", daemon=True)
            for number in range(1, LIMITS[lane].threads + 1)
        ]

    def remember(self, results: Iterable[RuleResult]) -> None:
        """The results of actions before this process began: a peer that was dead then is treated as dead."""
        with self._claiming:
            for result in sorted(results, key=lambda each: max(filter(None, (each.done_at, each.error_at)))):
                self._breaker.remember(self._peer(result.rule_id), answered=not result.is_failing)

    def use(self, rules: Iterable[ActionRule]) -> None:
        """The rules have changed: what waits at pins for its delay is taken back if its action is switched off or deleted now; what
        waits for an action that was changed is tried at once."""
        rules = tuple(rules)
        self._log_ins = Breaker(LIMITS[self._lane], PAUSE_S[self._lane])  # the password may be another one
        enabled = {rule.id for rule in rules if rule.enabled}
        for delivery_id, rule_id in list(self._taken.items()):
            if rule_id not in enabled:
                self._pins.take_back(delivery_id, Text(SWITCHED_OFF))
        before, self._options = self._options, {rule.id: rule.options for rule in rules}
        for rule in rules:
            if rule.kind in self._kinds and before.get(rule.id, rule.options) != rule.options:
                self._try_anew(rule.id, rule.kind)

    def _try_anew(self, rule_id: int, kind: str) -> None:
        self._silence.pop(rule_id, None)
        self._refused_ns.pop(rule_id, None)
        try:
            self._outbox.anew(rule_id, kind)
        except StoreError as why:  # it comes by itself, later
            log.error("outbox: %s", why)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wake(self, deliveries: int = 1) -> None:
        """`deliveries` are new in the outbox."""
        with self._changed:
            self._calls += 1
            self._changed.notify(deliveries)

    def cease(self) -> None:
        """Takes nothing new."""
        self._stop.set()
        self.wake(len(self._threads))

    def stop(self, wait_s: float = 1.0) -> None:
        """Takes nothing new; the next process retries what is under way then."""
        self.cease()
        end = time.monotonic() + wait_s
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._work()
            except StoreError as why:
                if self._stop.is_set():
                    return  # the next process tries it again
                log.error("outbox: %s", why)
                self._on_problem(why.text)
                self._clock.wait(self._stop, 1.0)
            except Exception:  # the thread's top: the gate must open for the next car
                log.exception("%s lane", self._lane.value)
                self._clock.wait(self._stop, 1.0)

    def _work(self) -> None:
        """Carries out one delivery, or waits for it."""
        with self._changed:
            calls = self._calls
        if self._ends:
            self._write_end()
            return
        with self._claiming:
            item, peer, wait_s = self._claim()
        if item is None:
            with self._changed:
                if calls == self._calls and not self._stop.is_set():
                    self._changed.wait(wait_s)
            return
        try:
            self._settle(item)
        finally:
            with self._claiming:
                self._breaker.end(peer)
            self.wake()

    def _claim(self) -> tuple[Delivery | None, str, float]:
        """(delivery, its peer, how long to wait if there is none)."""
        now, now_ns = self._clock.now(), self._clock.monotonic_ns()
        self._look_at_the_clock(now, now_ns)
        wait_s = IDLE_S
        for head in sorted(self._outbox.heads(self._kinds), key=partial(self._silent_ns, now_ns)):
            peer = self._peer(head.rule_id)
            left_s = self._left_s(head, peer, now, now_ns)
            if left_s > 0:
                wait_s = min(wait_s, left_s)
            elif self._is_late(head, now) or (
                self._breaker.allows(peer, now_ns, self._is_unheard(head)) and self._has_place(head, peer)
            ):
                chosen = self._whose_turn(head, now)
                item = self._take(chosen)
                if item is not None:
                    if chosen.not_after <= now:
                        self._late[item.id] = chosen.number
                    if head.rule_id in self._silence:
                        self._unlikely[item.id] = peer
                    self._breaker.begin(peer)
                    return item, peer, 0.0
        return None, "", max(wait_s, LEAST_WAIT_S)

    def _is_late(self, head: Head, now: datetime) -> bool:
        return head.not_after <= now and head.number not in self._young

    def _silent_ns(self, now_ns: int, head: Head) -> int:
        """Those first whose last try was taken, then those that have been left alone for longest: of two actions with one peer
        it may take only one, which has another certificate, or sends less."""
        silence = self._silence.get(head.rule_id)
        if silence:
            return silence.last_ns
        refused_ns = self._refused_ns.get(head.rule_id, 0)
        return refused_ns if now_ns - refused_ns < REFUSED_NS else 0

    def _is_unheard(self, head: Head) -> bool:
        """It is not of those that a peer, though it is there, left without an answer: it does not wait for their sake. What is FAST
        has a peer for itself, as a rule."""
        return self._lane is Lane.SLOW and head.rule_id not in self._silence

    def _has_place(self, head: Head, peer: str) -> bool:
        """Of those that may get no answer, and hold a thread until that is certain, a peer has one at a time, as it answers others,
        and all together have no more threads than peers that may be dead."""
        if head.rule_id not in self._silence:
            return True
        return peer not in self._unlikely.values() and len(self._unlikely) < LIMITS[self._lane].doubtful

    def _whose_turn(self, head: Head, now: datetime) -> Head:
        """The oldest, or now and then, if that gets no answer, the next one: it may be what the peer cannot take. What is FAST is
        soon too old anyhow, and its order counts: a display shows what came last."""
        silence = self._silence.get(head.rule_id)
        tries = silence.tries if silence else self._log_ins.failures(_action(head.rule_id))
        if self._lane is Lane.FAST or not tries or tries % PATIENCE or self._is_late(head, now):
            return head
        return self._outbox.behind(head) or head

    def _take(self, head: Head) -> Delivery | None:
        """Claimed; if the store cannot be written, what pins does is carried out unclaimed, because pins repeats nothing."""
        try:
            return self._outbox.claim(head)
        except StoreError:
            if self._lane is not Lane.FAST or self._peer(head.rule_id) or head.number in self._unclaimed:
                raise
            self._unclaimed.add(head.number)
            return self._outbox.look(head)

    def _look_at_the_clock(self, now: datetime, now_ns: int) -> None:
        then, then_ns = self._looked
        self._looked = now, now_ns
        if (then - now).total_seconds() + (now_ns - then_ns) / 1e9 > SET_BACK_S:
            self._set_back_ns = now_ns

    def _longest_pause_s(self, head: Head, now_ns: int) -> float:
        """What is further ahead comes from before the wall clock was set back."""
        newest, began_ns = self._found
        set_back_ns = max(self._set_back_ns, began_ns) if head.number <= newest else self._set_back_ns
        if not set_back_ns or now_ns - set_back_ns > WATCHED_S * 1e9:
            return LONGEST_PAUSE_S
        return max(self._pauses_s[name][1] for name in self._kinds)

    def _left_s(self, head: Head, peer: str, now: datetime, now_ns: int) -> float:
        """Until its time comes and its peer may be tried; a delivery that is too old need not wait for its peer."""
        if not self._outbox.is_due(head, now, self._longest_pause_s(head, now_ns)):
            return (head.next_try_at - now).total_seconds()
        again_ns = max(self._breaker.again_ns(peer, self._is_unheard(head)), self._log_ins.again_ns(_action(head.rule_id)))
        again_s = (again_ns - now_ns) / 1e9
        return again_s if head.number in self._young else min((head.not_after - now).total_seconds(), again_s)

    def _peer(self, rule_id: int) -> str:
        return self._peer_of(rule_id) or (_action(rule_id) if self._lane is Lane.SLOW else "")

    def _settle(self, item: Delivery) -> None:
        late, options = self._late.pop(item.id, None), self._options.get(item.rule_id)
        try:
            tried = self._performer.perform(item)
        except StoreError as why:
            # It may have been carried out: it stays "sending", and is repeated under its id once the store works again.
            if not self._stop.is_set():
                log.error("delivery %s: %s", item.id, why)
                self._on_problem(why.text)
            self._put_back(item)
            return
        finally:
            with self._claiming:
                self._unlikely.pop(item.id, None)
        if tried.later is not None:
            self._taken[item.id] = item.rule_id
            self._pins.settle(item.id, partial(self._take_end, item, tried.later))
            if not self._performer.may_go_on(item.rule_id):  # switched off since it was looked at, so that `use` did not know of it
                self._pins.take_back(item.id, Text(SWITCHED_OFF))
        peer = tried.peer or self._peer(item.rule_id)
        unheard = item.rule_id not in self._silence
        if peer:
            self._note(item, tried)
        if late is not None and tried.answered is not None:
            if len(self._young) >= MOST_YOUNG:
                self._young.clear()  # those that wait are found anew
            self._young.add(late)
        if tried.answered is not None:
            self._count(item, peer, tried, unheard)
        if self._options.get(item.rule_id) != options:  # it was tried as the action was before
            self._try_anew(item.rule_id, item.kind)

    def _count(self, item: Delivery, peer: str, tried: Tried, unheard: bool) -> None:
        """What a peer's answer, or its silence, means for what waits for it. `unheard`: `_is_unheard` before this try."""
        now_ns, lives_s = self._clock.monotonic_ns(), (item.not_after - item.created_at).total_seconds()
        with self._claiming:
            if tried.log_in:
                self._log_ins.silent(_action(item.rule_id), now_ns, lives_s, self._pauses_s[item.kind])
            elif tried.answered:
                self._log_ins.answered(_action(item.rule_id))
            if tried.answered:
                self._breaker.answered(peer)
            elif tried.away or not (unheard and self._breaker.is_deaf(peer)):  # else it only joined those that are not answered
                self._breaker.silent(peer, now_ns, lives_s, self._pauses_s[item.kind], tried.again_s, tried.away)
        if not tried.answered and item.id in self._suspects:
            self._outbox.step_back(item, *self._pauses_s[item.kind])

    def _note(self, item: Delivery, tried: Tried) -> None:
        """Keeps the account of who gets no answer, and which of them may themselves be to blame for it."""
        answered = tried.answered
        with self._claiming:
            silence = self._silence.get(item.rule_id) or _Silence("", 0, 0)
            if tried.refused and not tried.log_in:
                self._refused_ns[item.rule_id] = self._clock.monotonic_ns()
            elif answered:
                self._refused_ns.pop(item.rule_id, None)
            if answered is False:
                oldest, tries = silence.oldest or item.id, silence.tries + (not tried.away)
                self._silence[item.rule_id] = _Silence(oldest, tries, self._clock.monotonic_ns())
            elif answered:
                self._silence.pop(item.rule_id, None)
                self._suspects.discard(item.id)
            elif silence.oldest == item.id:  # given up: the next ones wait for the peer as it did
                self._silence[item.rule_id] = _Silence("", 0, silence.last_ns)
                self._suspects.discard(item.id)
            if answered and silence.tries >= PATIENCE and silence.oldest != item.id:
                self._suspects.add(silence.oldest)

    def _take_end(self, item: Delivery, later: Later, end: PinsDone | DeliveryError) -> None:
        """Called from the thread that listens to pins, which must not wait for the store."""
        self._taken.pop(item.id, None)
        self._ends.append(partial(self._guarded_end, item, partial(later, end)))
        self.wake()

    def _write_end(self) -> None:
        try:
            end = self._ends.popleft()
        except IndexError:
            return  # another thread was faster
        end()

    def _guarded_end(self, item: Delivery, write: Callable[[], object]) -> None:
        try:
            write()
        except StoreError as why:
            log.error("delivery %s: %s", item.id, why)
            self._on_problem(why.text)
            self._put_back(item)

    def _put_back(self, item: Delivery) -> None:
        while not self._clock.wait(self._stop, 1.0):
            try:
                self._outbox.retry(item, Text("the store could not be written"), *PAUSE_S[self._lane])
            except StoreError:
                continue
            return


def _action(rule_id: int) -> str:
    return f"action {rule_id}"
