"""Salvage: what can still be read of lists, actions and settings in a damaged database of which there is no copy."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from engine.store.backup import TABLES

WAYS = ("mode=ro", "mode=ro&immutable=1")
"""With what is in its WAL, or else without."""


WITHIN_S = 5.0
"""For what lies behind the damage, of each table: the gate waits."""


def salvage(target: sqlite3.Connection, damaged: Path) -> int:
    """Puts the rows that can be read into the tables of `target`, a new database; how many entries of lists."""
    for way in WAYS:
        with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{quote(str(damaged))}?{way}", uri=True)) as source:
            source.execute("PRAGMA writable_schema=ON")  # a file that is shorter than it says is read as far as it goes
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            for table in TABLES:
                _rows_of(target, source, table)
            break
    target.commit()
    return int(target.execute("SELECT count(*) FROM entries").fetchone()[0])


def _rows_of(target: sqlite3.Connection, source: sqlite3.Connection, table: str) -> None:
    there = [row[1] for row in target.execute(f"PRAGMA table_info({table})")]
    with suppress(sqlite3.Error):
        here = {row[1] for row in source.execute(f"PRAGMA table_info({table})")}
        columns = [column for column in there if column in here]
        if not columns:
            return
        first = target.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        found = list(_readable(source, table, names, columns[0]))
        if found and first:
            target.execute(f"DELETE FROM {table}")  # the lists of a new camera
        target.executemany(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", found)


def _readable(source: sqlite3.Connection, table: str, names: str, key: str) -> Iterator[tuple[object, ...]]:
    """Those before the damage; then, of numbered rows, each that can be reached by its number."""
    sql = f"SELECT {names} FROM {table}"
    last: object = 0
    with suppress(sqlite3.Error):
        for row in source.execute(f"{sql} ORDER BY {key}"):
            last = row[0]
            yield row
        return
    if not isinstance(last, int):
        return
    until = time.monotonic() + WITHIN_S
    for number in range(last + 1, _most(source, table) + 1):
        if time.monotonic() > until:
            return
        with suppress(sqlite3.Error):
            yield from source.execute(f"{sql} WHERE {key} = ?", (number,))


def _most(source: sqlite3.Connection, table: str) -> int:
    with suppress(sqlite3.Error, TypeError):
        return int(source.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()[0])
    return 0
