"""Counters: the table `counters`: the numbers of the Info panel (manual 4.2, Live tab)."""

from __future__ import annotations

from board.kit.clock import Clock
from engine.store.database import Database
from engine.store.rows import stamp, when
from engine.types import Counter


class Counters:
    """Called, it gives all counters by name."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def __call__(self) -> dict[str, Counter]:
        return {
            row["name"]: Counter(row["name"], row["value"], when(row["changed_at"]))
            for row in self._db.rows("SELECT * FROM counters")
        }

    def add(self, name: str, number: int = 1) -> None:
        """Adds to a counter and stamps the change."""
        self._db.execute(
            "INSERT INTO counters (name, value, changed_at) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
            "value = value + excluded.value, changed_at = excluded.changed_at",
            (name, number, stamp(self._clock.now())),
        )
