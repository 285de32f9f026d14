"""Outbox: deliveries wait in the database until they are done, failed or expired; a crash at any step loses none.

pending -> sending -> done | failed | expired, or back to pending with a later next_try_at. "withheld" is written at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

from board.kit.clock import Clock
from engine.store import Store
from engine.types import Delivery

LONGEST_PAUSE_S = 300.0


def pause_s(attempts: int, first_s: float, longest_s: float = LONGEST_PAUSE_S) -> float:
    """Wait before the next try: `first_s`, then twice as long each time, `longest_s` at most."""
    return min(longest_s, first_s * 2.0 ** min(attempts - 1, 20))


class Outbox:
    """The deliveries of one store. Calls commit by themselves. `told(delivery)` is called after the commit that ended a try."""

    def __init__(self, store: Store, clock: Clock, told: Callable[[Delivery], None]) -> None:
        self._store = store
        self._clock = clock
        self._told = told

    def recover(self) -> int:
        """After a start: what was being sent when the process ended is tried again, under the same id. How many."""
        return self._store.deliveries.recover()

    def claim(self, kinds: Collection[str], busy_rules: Collection[int]) -> Delivery | None:
        """The next due delivery of these kinds, not of a busy rule, now "sending"; None when there is none."""
        now = self._clock.now()
        # A try further ahead than the longest pause comes from a clock that has been set back since.
        return self._store.deliveries.claim(kinds, busy_rules, now, now + timedelta(seconds=LONGEST_PAUSE_S + 1))

    def next_try_at(self, kinds: Collection[str], busy_rules: Collection[int]) -> datetime | None:
        """When `claim` will have something, as far as is known now; None when nothing waits."""
        return self._store.deliveries.next_try_at(kinds, busy_rules)

    def done(self, item: Delivery, note: str) -> None:
        """Carried out; counts as an action of the Info panel."""
        now = self._clock.now()
        with self._store.transaction():
            self._store.deliveries.finish(item.id, "done", now, note)
            self._store.rules.succeeded(item.rule_id, now, note)
            self._store.counters.add("Actions")
        self._told(replace(item, state="done", finished_at=now, note=note))

    def give_up(self, item: Delivery, state: str, note: str) -> None:
        """`state`: "failed" (no try will work) or "expired" (too old)."""
        now = self._clock.now()
        with self._store.transaction():
            self._store.deliveries.finish(item.id, state, now, note)
            self._store.rules.failed(item.rule_id, now, note)
        self._told(replace(item, state=state, finished_at=now, note=note))

    def retry(self, item: Delivery, error: str, first_s: float, longest_s: float) -> None:
        """Tries again after a pause (`pause_s`), at the latest when it expires."""
        now = self._clock.now()
        again = min(now + timedelta(seconds=pause_s(item.attempts, first_s, longest_s)), item.not_after)
        with self._store.transaction():
            self._store.deliveries.put_back(item.id, again, error)
            self._store.rules.failed(item.rule_id, now, error)
        self._told(replace(item, state="pending", next_try_at=again, note=error))
