"""Imports: replaces all entries of a list at once while nobody waits: the table `imports`.

The coming entries are written, in short transactions, under the list's number with a minus and a new generation, where no look-up
sees them; one tiny transaction then changes the list's generation, and with it which entries count. What counts no more is deleted,
and what counts is moved under the list's own number, in short steps again: an older release finds it there. What a killed import or
a deleted list leaves behind, `Upkeep` frees.

A list's row is there while that lasts. Its phase: "loading"; "clearing" (the old entries go); "moving" (the new ones come under the
list's own number); "dropping" (the import died); "gone" (the list was deleted).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from board.kit.clock import Clock
from board.kit.errors import ConfigError
from engine.store.changes import Changes
from engine.store.database import Database, problem
from engine.store.entries import COLUMNS, checked, values_of
from engine.store.lists import Lists
from engine.store.rows import marks
from engine.store.steps import Steps
from engine.types import ListEntry

MOST_PROBLEMS = 20
"""A refused import names at most this many of its rows."""

Row = tuple[str, ListEntry]
"""(where it stands, for people: "line 17"; the entry, whose id and list do not count)."""


class Imports:
    """Checking 100,000 rows takes the interpreter for seconds: not in the process that opens the gate."""

    def __init__(
        self,
        path: Path,
        lists: Lists,
        checks: Callable[[int], Callable[[ListEntry], None]],
        check_wildcards: Callable[[int, int], None],
        clock: Clock,
    ) -> None:
        self._path = path
        self._lists = lists
        self._checks = checks
        self._check_wildcards = check_wildcards
        self._clock = clock

    def replace(self, list_id: int, rows: Iterable[Row], by: str) -> int:
        """The entries of the list are `rows` from now on, all or none; how many. ConfigError names the rows that are wrong, 20 at
        most, or says that the list is being imported already; the list is as it was then."""
        self._lists.to_fill(list_id)
        # A database of its own: an import holds no lock that others of this process wait for.
        with closing(_Sorted()) as coming, closing(Database(self._path, checkpoints=False)) as db:
            self._gather(coming, list_id, rows)
            generation = begin(db, list_id)
            try:
                self._load(db, list_id, generation, coming, by)
            except BaseException:
                give_up(db, list_id, generation)
                raise
            steps = Steps()
            while settle(db, list_id, steps):
                pass
            return coming.count

    def _gather(self, coming: _Sorted, list_id: int, rows: Iterable[Row]) -> None:
        check = self._checks(list_id)
        problems = []
        for where, entry in rows:
            try:
                entry = checked(replace(entry, id=0, list_id=list_id))
                check(entry)
                coming.add(where, entry)
            except ConfigError as why:
                problems.append(f"{where}: {why}")
                if len(problems) == MOST_PROBLEMS:
                    break
        if problems:
            raise ConfigError("nothing was imported; {problems}", problems="; ".join(problems))
        if coming.wildcards:
            self._check_wildcards(coming.wildcards, list_id)

    def _load(self, db: Database, list_id: int, generation: int, coming: _Sorted, by: str) -> None:
        sql = f"INSERT INTO entries ({', '.join(COLUMNS)}, generation, revision) VALUES ({marks(COLUMNS)}, {generation}, 1)"
        steps, rows = Steps(), coming.rows()
        while some := [(-list_id, *values) for values in islice(rows, steps.most)]:
            with steps.step(), db.transaction(cascade=False):
                _go_on(db, list_id, generation)
                db.execute_many(sql, some)
        with db.transaction():
            _go_on(db, list_id, generation)
            before = db.rows("SELECT generation FROM lists WHERE id = ?", (list_id,))[0][0]
            db.execute("UPDATE lists SET generation = ? WHERE id = ?", (generation, list_id))
            db.execute("UPDATE imports SET phase = 'clearing' WHERE list_id = ?", (list_id,))
            after = {"generation": generation, "entries": coming.count}
            Changes(db, self._clock).add(by, "import", list_id, {"generation": before}, after)


def begin(db: Database, list_id: int) -> int:
    """The generation of the import that begins."""
    with db.transaction():
        row = db.row("SELECT generation FROM lists WHERE id = ?", (list_id,))
        if row is None:
            raise ConfigError("this list was deleted")
        if db.row("SELECT 1 FROM imports WHERE list_id = ?", (list_id,)):
            raise ConfigError("this list is being imported already; try again in a minute")
        db.execute("INSERT INTO imports VALUES (?, ?, 'loading', 0)", (list_id, row["generation"] + 1))
        return int(row["generation"]) + 1


def _go_on(db: Database, list_id: int, generation: int) -> None:
    sql = "UPDATE imports SET steps = steps + 1 WHERE list_id = ? AND generation = ? AND phase = 'loading'"
    if not db.execute(sql, (list_id, generation)):
        raise ConfigError("the list was deleted, or the import took a pause that was too long; nothing was imported")


def give_up(db: Database, list_id: int, generation: int) -> None:
    """What the import has written is to be dropped."""
    sql = "UPDATE imports SET phase = 'dropping' WHERE list_id = ? AND generation = ? AND phase = 'loading'"
    db.execute(sql, (list_id, generation))


def unsettled(db: Database) -> dict[int, tuple[str, int]]:
    """{list: (phase, steps of its import)} of those that are not in their final form."""
    return {row["list_id"]: (row["phase"], row["steps"]) for row in db.rows("SELECT list_id, phase, steps FROM imports")}


def settle(db: Database, list_id: int, steps: Steps) -> bool:
    """One step towards the final form; False when the list has it, or is loading."""
    with steps.step() as most, db.transaction(cascade=False):
        row = db.row("SELECT phase FROM imports WHERE list_id = ?", (list_id,))
        if row is None or row["phase"] == "loading":
            return False
        done = db.execute(_STEPS[row["phase"]], {"list": list_id, "most": most})
        if not done and row["phase"] == "clearing":
            db.execute("UPDATE imports SET phase = 'moving' WHERE list_id = ?", (list_id,))
        elif not done:
            db.execute("DELETE FROM imports WHERE list_id = ?", (list_id,))
        return True


_CURRENT = "(SELECT generation FROM lists WHERE id = :list)"
_STEPS = {
    "clearing": "DELETE FROM entries WHERE id IN ("
    f"SELECT id FROM entries WHERE list_id = :list AND generation <> {_CURRENT} LIMIT :most)",
    "moving": "UPDATE entries SET list_id = :list, revision = revision + 1 WHERE id IN ("
    "SELECT id FROM entries WHERE list_id = -:list LIMIT :most)",
    "dropping": "DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE list_id = -:list LIMIT :most)",
    "gone": "DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE list_id IN (:list, -:list) LIMIT :most)",
}


class _Sorted:
    """The coming entries by key, in a file that nobody sees: written sorted, they cost a third, and memory is bounded."""

    def __init__(self) -> None:
        self.count = self.wildcards = 0
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA synchronous=OFF")
        self._file.execute("PRAGMA journal_mode=OFF")
        self._file.execute(
            "CREATE TABLE coming (place TEXT NOT NULL, " + ", ".join(COLUMNS[1:]) + ", PRIMARY KEY (key)) WITHOUT ROWID"
        )

    def add(self, where: str, entry: ListEntry) -> None:
        """ConfigError when the plate was there before."""
        values = values_of(entry)
        try:
            self._file.execute(f"INSERT INTO coming VALUES ({marks(values)})", (where, *values[1:]))
        except sqlite3.IntegrityError as why:
            first = self._file.execute("SELECT place FROM coming WHERE key = ?", (values[2],)).fetchone()[0]
            raise ConfigError("{plate} stands in {place} already", plate=entry.plate, place=first) from why
        except sqlite3.Error as why:
            raise problem("of the import", why) from why
        self.count += 1
        self.wildcards += entry.is_wildcard

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Values in the order of COLUMNS without its first."""
        return iter(self._file.execute(f"SELECT {', '.join(COLUMNS[1:])} FROM coming ORDER BY key"))

    def close(self) -> None:
        self._file.close()
