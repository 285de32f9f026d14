"""Changes: the table `changes`: who changed a list, an entry, a rule or settings, when, and what it was before and is now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from sqlite3 import Row
from typing import Any

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.from_json import from_json
from engine.lists import normalise
from engine.store.database import Database
from engine.store.rows import newest, stamp, within

KEPT = 20_000
"""This many are kept, the newest."""


@dataclass(frozen=True, slots=True)
class Change:
    """`subject`: "list", "entry", "rule", "job", "settings", "import", "configuration", "logo" or "plate"; `item_id`: of the list,
    entry, rule or job, 0 for others; `before` and `after`: values by name, None when it was added or deleted. Secrets are left out
    of both."""

    rowid: int
    at: datetime
    user: str
    subject: str
    item_id: int
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class Changes:
    """Called, it gives changes, newest first: all, or of one subject or item."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def __call__(
        self,
        subject: str = "",
        item_id: int = 0,
        before_rowid: int = 0,
        limit: int = 100,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Change]:
        rows = newest(
            self._db,
            "SELECT * FROM changes",
            *within("at", since, until),
            ("subject = ?", subject),
            ("item_id = ?", item_id),
            ("rowid < ?", before_rowid),
            limit=limit,
        )
        return [_change(row) for row in rows]

    def newest(self) -> int:
        """Row of the newest one, which is another after every change; 0: there is none."""
        return int(self._db.rows("SELECT coalesce(max(rowid), 0) FROM changes")[0][0])

    def add(self, user: str, subject: str, item_id: int, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
        """In the transaction that makes the change. Nothing is written when nothing changed."""
        if before == after:
            return
        number = self._db.execute(
            "INSERT INTO changes (at, user, subject, item_id, before, after) VALUES (?, ?, ?, ?, ?, ?)",
            (stamp(self._clock.now()), user, subject, item_id, _text(before), _text(after)),
        )
        self._db.execute("DELETE FROM changes WHERE rowid <= ?", (number - KEPT,))

    def of_plate(self, plate: str) -> Iterator[Change]:
        """Those of entries with exactly this plate, newest first."""
        key = normalise(plate)
        for row in self._db.rows("SELECT * FROM changes WHERE subject = 'entry' ORDER BY rowid DESC"):
            change = _change(row)
            plates = {normalise(values.get("plate", "")) for values in (change.before, change.after) if values}
            if key and key in plates:
                yield change

    def unname(self, plate: str, instead: str) -> None:
        """Who changed its entries, and when, stays; of their values only the list does, and the plate as `instead`."""
        all_of_it = list(self.of_plate(plate))  # before the transaction: a car that comes meanwhile shall not wait
        with self._db.transaction():
            for change in all_of_it:
                kept = [
                    values and {"plate": instead, "list_id": values.get("list_id", 0)} for values in (change.before, change.after)
                ]
                sql = "UPDATE changes SET before = ?, after = ? WHERE rowid = ?"
                self._db.execute(sql, (_text(kept[0]), _text(kept[1]), change.rowid))


def _change(row: Row) -> Change:
    return Change(
        row["rowid"],
        datetime.fromisoformat(row["at"]),
        row["user"],
        row["subject"],
        row["item_id"],
        from_json(row["before"]) if row["before"] else None,
        from_json(row["after"]) if row["after"] else None,
    )


def _text(values: Mapping[str, Any] | None) -> str | None:
    return None if values is None else json.dumps(values, ensure_ascii=False, separators=(",", ":"))
