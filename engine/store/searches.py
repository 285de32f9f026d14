"""Searches: the table `searches`: who looked for which passages or downloaded them, so that Audit can tell."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from sqlite3 import Row

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.from_json import from_json
from engine.lists import normalise
from engine.store.database import Database
from engine.store.rows import newest, stamp, within

KEPT = 20_000
"""This many are kept, the newest."""


@dataclass(frozen=True, slots=True)
class Searched:
    """`what`: "search", "download" or "export"; `asked`: what the form said, by name."""

    rowid: int
    at: datetime
    user: str
    what: str
    asked: Mapping[str, str]


class Searches:
    """Called, it gives those of a span of time, newest first."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def __call__(self, since: datetime | None = None, until: datetime | None = None, limit: int = 100) -> list[Searched]:
        rows = newest(self._db, "SELECT rowid, * FROM searches", *within("at", since, until), limit=limit)
        return [_searched(row) for row in rows]

    def add(self, user: str, what: str, asked: Mapping[str, str]) -> None:
        """The same again, such as its next page, is one search."""
        text = _text(asked)
        last = self._db.row("SELECT what, asked FROM searches WHERE user = ? ORDER BY rowid DESC LIMIT 1", (user,))
        if last is not None and (last["what"], last["asked"]) == (what, text):
            return
        with self._db.transaction():
            values = (stamp(self._clock.now()), user, what, text)
            number = self._db.execute("INSERT INTO searches (at, user, what, asked) VALUES (?, ?, ?, ?)", values)
            self._db.execute("DELETE FROM searches WHERE rowid <= ?", (number - KEPT,))

    def of_plate(self, plate: str) -> Iterator[Searched]:
        """Those for exactly this plate, newest first."""
        key = normalise(plate)
        for row in self._db.rows("SELECT rowid, * FROM searches ORDER BY rowid DESC"):
            found = _searched(row)
            if key and normalise(found.asked.get("plate", "")) == key:
                yield found

    def unname(self, plate: str, instead: str) -> None:
        """Who looked for it stays, the plate is kept as `instead`."""
        all_of_it = list(self.of_plate(plate))  # before the transaction: a car that comes meanwhile shall not wait
        with self._db.transaction():
            for found in all_of_it:
                self._db.execute(
                    "UPDATE searches SET asked = ? WHERE rowid = ?", (_text({**found.asked, "plate": instead}), found.rowid)
                )


def _searched(row: Row) -> Searched:
    return Searched(row["rowid"], datetime.fromisoformat(row["at"]), row["user"], row["what"], from_json(row["asked"]))


def _text(asked: Mapping[str, str]) -> str:
    return json.dumps(asked, ensure_ascii=False, separators=(",", ":"))
