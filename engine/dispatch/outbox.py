"""Outbox: deliveries wait in the database until they are done, failed or expired; a crash at any step loses none.

pending -> sending -> done | failed | expired, or back to pending with a later next_try_at. "withheld" is written at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

from board.kit.clock import Clock
from engine.store import Store
from engine.store.rows import delivery, stamp
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
        return self._store.db.execute("UPDATE deliveries SET state = 'pending' WHERE finished_at IS NULL AND state = 'sending'")

    def claim(self, kinds: Collection[str], busy_rules: Collection[int]) -> Delivery | None:
        """The next due delivery of these kinds, not of a busy rule, now "sending"; None when there is none."""
        now = self._clock.now()
        # A try further ahead than the longest pause comes from a clock that has been set back since.
        ahead = now + timedelta(seconds=LONGEST_PAUSE_S + 1)
        row = self._store.db.row(
            "UPDATE deliveries SET state = 'sending', attempts = attempts + 1 WHERE rowid = ("
            "SELECT rowid FROM deliveries WHERE finished_at IS NULL AND state = 'pending' "
            f"AND (next_try_at <= ? OR next_try_at > ?) AND kind IN ({_marks(kinds)}) AND rule_id NOT IN ({_marks(busy_rules)}) "
            "ORDER BY next_try_at, rowid LIMIT 1) RETURNING *",
            (stamp(now), stamp(ahead), *kinds, *busy_rules),
        )
        return None if row is None else delivery(row)

    def next_try_at(self, kinds: Collection[str], busy_rules: Collection[int]) -> datetime | None:
        """When `claim` will have something, as far as is known now; None when nothing waits."""
        row = self._store.db.row(
            "SELECT min(next_try_at) AS at FROM deliveries WHERE finished_at IS NULL AND state = 'pending' "
            f"AND kind IN ({_marks(kinds)}) AND rule_id NOT IN ({_marks(busy_rules)})",
            (*kinds, *busy_rules),
        )
        return datetime.fromisoformat(row["at"]) if row and row["at"] else None

    def done(self, item: Delivery, note: str) -> None:
        """Carried out; counts as an action of the Info panel."""
        with self._store.db.transaction():
            self._finish(item, "done", note)
            self._result(item, "done_at", "done_note", note)
            self._store.count("Actions")
        self._told(replace(item, state="done", finished_at=self._clock.now(), note=note))

    def give_up(self, item: Delivery, state: str, note: str) -> None:
        """`state`: "failed" (no try will work) or "expired" (too old)."""
        with self._store.db.transaction():
            self._finish(item, state, note)
            self._result(item, "error_at", "error", note)
        self._told(replace(item, state=state, finished_at=self._clock.now(), note=note))

    def retry(self, item: Delivery, error: str, first_s: float, longest_s: float) -> None:
        """Tries again after a pause (`pause_s`), at the latest when it expires."""
        again = min(self._clock.now() + timedelta(seconds=pause_s(item.attempts, first_s, longest_s)), item.not_after)
        with self._store.db.transaction():
            self._store.db.execute(
                "UPDATE deliveries SET state = 'pending', next_try_at = ?, note = ? WHERE id = ?", (stamp(again), error, item.id)
            )
            self._result(item, "error_at", "error", error)
        self._told(replace(item, state="pending", next_try_at=again, note=error))

    def _finish(self, item: Delivery, state: str, note: str) -> None:
        self._store.db.execute(
            "UPDATE deliveries SET state = ?, finished_at = ?, note = ? WHERE id = ?",
            (state, stamp(self._clock.now()), note, item.id),
        )

    def _result(self, item: Delivery, at_column: str, note_column: str, note: str) -> None:
        self._store.db.execute(
            f"INSERT INTO rule_results (rule_id, {at_column}, {note_column}) SELECT id, ?, ? FROM rules WHERE id = ? "
            f"ON CONFLICT (rule_id) DO UPDATE SET {at_column} = excluded.{at_column}, {note_column} = excluded.{note_column}",
            (stamp(self._clock.now()), note, item.rule_id),
        )


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
