"""Coming: the entries of a file, checked, sorted by list and key, on their way into the lists (engine/store/imports.py)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from itertools import islice
from typing import Any, NamedTuple

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.words import Text, joined
from engine.store.entries import COLUMNS, checked, values_of
from engine.store.refusals import problem
from engine.store.rows import marks
from engine.types import ListEntry

MOST_PROBLEMS = 20
"""A refused import names at most this many of its rows."""

MOST_REFUSED = 1000
"""After so many wrong rows nobody needs to know the rest."""

FIELDS = {
    "plate": "plate",
    "description": "description",
    "valid_from": "valid_from",
    "valid_until": "valid_until",
    "wiegand_facility": "wiegand_facility",
    "wiegand_card": "wiegand_card",
    "owner": "owner",
    "email": "email",
    "group": "group_name",
    "week": "week",
    "entries_left": "entries_left",
}
"""Field of ListEntry that a file may give: the column that holds it."""

EVERY_FIELD = frozenset(FIELDS)

STORED = COLUMNS[1:]
"""Columns of a coming entry, in their order; the list comes before them."""


CACHE_KIB = 2048
"""Also what the sorting holds in memory."""

BATCH = 500
"""Rows that are written at once."""


class ImportRefused(ConfigError):
    """A file that is not imported. `rows`: (line, why) of what is wrong with it, the first ones; `count`: how many rows are
    wrong."""

    def __init__(self, rows: list[tuple[int, Text]], count: int) -> None:
        texts = [Text("line {line}: {why}", {"line": line, "why": why}) for line, why in rows]
        super().__init__("nothing was imported; {problems}", problems=joined(texts))
        self.rows = rows
        self.count = count


@dataclass(slots=True)
class Refusals:
    """Rows that are wrong: the first ones with their reasons, and how many there are."""

    count: int = 0
    first: list[tuple[int, Text]] = field(default_factory=list)

    def add(self, line: int, why: Text) -> None:
        """ImportRefused when there are more than anybody reads."""
        self.count += 1
        if len(self.first) < MOST_PROBLEMS:
            self.first.append((line, why))
        if self.count >= MOST_REFUSED:
            self.check()

    def check(self) -> None:
        """ImportRefused when there are any."""
        if self.count:
            raise ImportRefused(sorted(self.first, key=lambda each: each[0]), self.count)


class Incoming(NamedTuple):
    """An entry of a file, which has the list that it belongs to and no id. `line`: where it stands; `given`: the fields that the
    file tells, the entry that is there keeps its others."""

    line: int
    entry: ListEntry
    given: frozenset[str] = EVERY_FIELD


_COLUMNS = f"list_id INTEGER NOT NULL, {', '.join(STORED)}, line INTEGER NOT NULL, given INTEGER NOT NULL"
_INSERT = f"INSERT INTO arrived VALUES ({marks(COLUMNS)}, ?, ?)"
_SORT = "INSERT OR IGNORE INTO coming SELECT * FROM arrived ORDER BY list_id, key, rowid"
_TWICE = (
    "SELECT line, plate, first FROM (SELECT rowid AS number, line, plate, first_value(line) OVER same AS first, "
    "row_number() OVER same AS time FROM arrived WINDOW same AS (PARTITION BY list_id, key ORDER BY rowid)) "
    "WHERE time > 1 ORDER BY number"
)


class ComingEntry(NamedTuple):
    """`values`: in the order of STORED."""

    line: int
    given: frozenset[str]
    values: tuple[Any, ...]


class Coming:
    """Lies in a file that nobody sees: rows are written as they arrive and then sorted, so that memory is bounded. Use it by
    `closing`."""

    def __init__(self) -> None:
        self._sets: dict[frozenset[str], int] = {}
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA synchronous=OFF")
        self._file.execute("PRAGMA journal_mode=OFF")
        self._file.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        self._file.execute(f"CREATE TABLE arrived ({_COLUMNS})")
        self._file.execute(f"CREATE TABLE coming ({_COLUMNS}, PRIMARY KEY (list_id, key)) WITHOUT ROWID")
        self._file.execute("BEGIN")  # one transaction for all: it is never kept

    def gather(
        self,
        rows: Iterable[Incoming],
        check: Callable[[ListEntry], None],
        refusals: Refusals,
        progress: Callable[[int], None] = lambda count: None,
    ) -> None:
        """Takes all rows, once; ImportRefused when some are wrong. `check`: ConfigError when an action can never send the entry."""
        values = self._values(rows, check, refusals, progress)
        try:
            while batch := list(islice(values, BATCH)):
                self._file.executemany(_INSERT, batch)
            self._sort(refusals)
        except sqlite3.Error as why:
            raise problem("of the import", why) from why
        refusals.check()

    def _values(
        self,
        rows: Iterable[Incoming],
        check: Callable[[ListEntry], None],
        refusals: Refusals,
        progress: Callable[[int], None],
    ) -> Iterator[tuple[Any, ...]]:
        for count, row in enumerate(rows, 1):
            try:
                entry = checked(row.entry)
                check(entry)
            except ConfigError as why:
                refusals.add(row.line, why.text)
            else:
                yield (*values_of(entry), row.line, self._sets.setdefault(row.given, len(self._sets)))
            if count % 1000 == 0:
                progress(count)

    def _sort(self, refusals: Refusals) -> None:
        """Whoever stands there twice is left out, and goes to the refusals."""
        sorted_rows = self._file.execute(_SORT).rowcount
        if sorted_rows < self._file.execute("SELECT count(*) FROM arrived").fetchone()[0]:
            for line, plate, first in self._file.execute(_TWICE):
                refusals.add(line, Text("{plate} stands in line {line} already", {"plate": plate, "line": first}))
        self._file.execute("DELETE FROM arrived")

    def count(self, list_id: int) -> int:
        return int(self._file.execute("SELECT count(*) FROM coming WHERE list_id = ?", (list_id,)).fetchone()[0])

    def of(self, list_id: int) -> Iterator[ComingEntry]:
        """Those of a list, by key."""
        sets = dict(zip(self._sets.values(), self._sets, strict=True))
        for row in self._file.execute(
            f"SELECT line, given, {', '.join(STORED)} FROM coming WHERE list_id = ? ORDER BY key", (list_id,)
        ):
            yield ComingEntry(row[0], sets[row[1]], row[2:])

    def move(self, list_id: int, to: int) -> None:
        """What was gathered for one list is meant for another, which has none."""
        self._file.execute("UPDATE coming SET list_id = ? WHERE list_id = ?", (to, list_id))

    def close(self) -> None:
        self._file.close()
