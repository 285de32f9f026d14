"""Outbox: deliveries wait in the database until they are done, failed or expired; a crash at any step loses none.

pending -> sending -> done | failed | expired, or back to pending. "withheld" is written at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

from board.kit.clock import Clock
from board.kit.words import Text, mark
from engine.store import Store
from engine.store.queries import Head
from engine.types import Delivery

LONGEST_PAUSE_S = 300.0

BEGAN = mark("began before: not repeated")


def pause_s(attempts: int, first_s: float, longest_s: float = LONGEST_PAUSE_S) -> float:
    """Wait before the next try: `first_s`, then doubled each time, at most `longest_s`."""
    return min(longest_s, first_s * 2.0 ** min(attempts - 1, 20))


class Outbox:
    """The deliveries of one store. Calls commit by themselves. `told(delivery)` is called after the commit that ended a try;
    `has_begun(ids of deliveries)`: whether pins began one of them, as pins wrote down itself: it may be gone."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        told: Callable[[Delivery], None],
        has_begun: Callable[[Collection[str]], bool] = lambda names: False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._told = told
        self._has_begun = has_begun

    def recover(self, boot: str = "", gate_kinds: Collection[str] = ()) -> int:
        """After a start: retries what was being sent when the process ended, under the same id. Returns how many.

        If the machine was started since, nothing of `gate_kinds` is retried: their cars are gone, and no clock can be trusted
        to say so (a wall clock without a battery resumes from where it was, the monotonic one begins anew)."""
        with self._store.transaction():
            note = Text("the camera was started again before it was carried out")
            self._store.deliveries.since_boot(boot, gate_kinds, self._clock.now(), note)
            return self._store.deliveries.recover()

    def heads(self, kinds: Collection[str]) -> list[Head]:
        """The first waiting delivery of each action of these kinds, oldest first."""
        found = [head for kind in kinds for head in self._store.deliveries.heads(kind)]
        return sorted(found, key=lambda head: head.number)

    def newest(self) -> int:
        """The number of the last delivery; 0 if there is none."""
        return self._store.deliveries.newest()

    def is_due(self, head: Head, now: datetime, longest_s: float = LONGEST_PAUSE_S) -> bool:
        """A try further ahead than the longest pause comes from a clock that has been set back since."""
        return head.next_try_at <= now or head.next_try_at > now + timedelta(seconds=longest_s + 1)

    def claim(self, head: Head) -> Delivery | None:
        """The delivery, now "sending"; None if it no longer waits."""
        return self._store.deliveries.claim(head.number)

    def look(self, head: Head) -> Delivery | None:
        """The stored delivery, unclaimed."""
        return self._store.deliveries.get(head.number)

    def done(self, item: Delivery, note: Text) -> None:
        """Marks it as carried out; it counts as an action of the Info panel."""
        now = self._clock.now()
        with self._store.transaction():
            self._store.deliveries.finish(item.id, "done", now, note)
            self._store.rules.succeeded(item.rule_id, now, note)
            self._store.counters.add("Actions")
        self._told(replace(item, state="done", finished_at=now, note=note))

    def began(self, item: Delivery) -> bool:
        """Whether pins carried it out, as far as is known, though nobody recorded it."""
        return self._has_begun([item.id])

    def give_up(self, item: Delivery, state: str, note: Text) -> bool:
        """`state`: "failed" (no retry will work) or "expired" (too old). False: it is done, as pins began it before; whoever
        asked for it ended before that was recorded."""
        if self.began(item):
            self.done(item, Text(BEGAN))
            return False
        now = self._clock.now()
        with self._store.transaction():
            self._store.deliveries.finish(item.id, state, now, note)
            self._store.rules.failed(item.rule_id, now, note)
        self._told(replace(item, state=state, finished_at=now, note=note))
        return True

    def retry(self, item: Delivery, error: Text, first_s: float, longest_s: float) -> None:
        """Tries again after a pause (`pause_s`), at the latest when it expires. If the wall clock was set ahead and says that
        it has expired, it still gets its pause."""
        now = self._clock.now()
        at = now + timedelta(seconds=pause_s(item.attempts, first_s, longest_s))
        self._again(item, min(at, item.not_after) if item.not_after > now else at, error, now)

    def wait_for_peer(self, item: Delivery, error: Text) -> None:
        """Keeps its place: it is retried as soon as its peer may be tried."""
        self._again(item, item.next_try_at, error, self._clock.now())

    def behind(self, head: Head) -> Head | None:
        """The one of the same action that is due after this one; None if there is none."""
        return self._store.deliveries.behind(head, self._clock.now())

    def step_back(self, item: Delivery, first_s: float, longest_s: float) -> None:
        """One that waits has a pause of its own, as if its peer had refused it: others have their turn."""
        at = self._clock.now() + timedelta(seconds=pause_s(item.attempts, first_s, longest_s))
        self._store.deliveries.put_off(item.id, at)

    def anew(self, rule_id: int, kind: str) -> None:
        """The action was changed: what waits of it was refused as it was before."""
        self._store.deliveries.anew(rule_id, kind)

    def _again(self, item: Delivery, at: datetime, error: Text, now: datetime) -> None:
        with self._store.transaction():
            self._store.deliveries.put_back(item.id, at, error)
            self._store.rules.failed(item.rule_id, now, error)
        self._told(replace(item, state="pending", next_try_at=at, note=error))
