"""Backup: a copy of what people have entered (lists, actions, settings), beside the database, from which it is begun anew.

A copy is a SQLite file of its own with the plain rows of `TABLES`, and `about`: when it was made and of which state. Passages and
messages are not in it: they would make it as large as the database.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from board.kit.clock import CLOCK_KNOWN, Clock
from board.kit.dataclass import dataclass
from board.kit.errors import StoreDamaged, StoreError
from board.kit.files import private_in, space, sync_folder
from engine.store.refusals import problem

log = logging.getLogger("store")

WHOLE = "whole"
"""A database with its passages that is to take the place of the present one (rescue.EXCHANGE)."""

NEWEST, DAILY, BEFORE = "newest", "daily", "before"
"""The newest copy; one that was the newest a day or more ago; what was there before a person restored another or reset all."""

ALL = (NEWEST, DAILY, BEFORE)
"""In the order in which a damaged database is begun anew from them. The last one never by itself: a person left it behind."""

EVERY_S_A_MB = 600.0
"""A change is copied after so many seconds for each megabyte of the copy, at least this many: cards wear out."""

DAY = timedelta(days=1)

SPARE_BYTES = 8_000_000
"""Stays free for passages and messages."""

TABLES = (
    "lists", "entries", "rules", "rule_results", "settings", "counters", "jobs", "places", "inside",
)  # fmt: skip
COUNTED = ("passages", "deliveries", "changes", "transfers")
"""Their numbers are remembered by others: those that come after a new beginning are all higher."""

HIGHER = 1_000_000
"""More than come to a camera between two copies."""


@dataclass(frozen=True, slots=True)
class About:
    """`name`: NEWEST, DAILY or BEFORE; `lists`, `entries`: how many are in it; `change`: row of the newest change in it."""

    name: str
    at: datetime
    lists: int
    entries: int
    change: int


def folder_of(database: Path) -> Path:
    return database.with_name("backup")


def file_of(database: Path, name: str) -> Path:
    return folder_of(database) / f"{name}.db"


def abouts(database: Path) -> list[About]:
    """The copies that there are and can be read, NEWEST first."""
    return [found for name in ALL if (found := about(database, name)) is not None]


def about(database: Path, name: str) -> About | None:
    """None when there is no such copy, or it is damaged."""
    return about_file(file_of(database, name), name)


def about_file(path: Path, name: str) -> About | None:
    """The same of another file."""
    if not path.exists():
        return None
    try:
        with closing(_reading(path)) as copy:
            at, change = copy.execute("SELECT at, change FROM about").fetchone()
            lists, entries = (copy.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("lists", "entries"))
            return About(name, datetime.fromisoformat(at), lists, entries, change)
    except (sqlite3.Error, OSError, TypeError, ValueError) as why:
        log.error("the copy %s cannot be used: %s", path, why)
        return None


def is_whole(database: Path, name: str) -> bool:
    """Every page of the copy can be read."""
    return is_whole_file(file_of(database, name))


def is_whole_file(path: Path) -> bool:
    """The same of another file."""
    try:
        with closing(_reading(path)) as copy:
            return bool(copy.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except (sqlite3.Error, OSError):
        return False


def make(database: Path, name: str, now: datetime) -> None:
    """Copies what `TABLES` hold now. sqlite3.Error or OSError: it could not; the copy before is as it was then."""
    path = file_of(database, name)
    path.parent.mkdir(mode=0o770, parents=True, exist_ok=True)
    copy_to(path, database, now)


def copy_to(path: Path, database: Path, now: datetime) -> None:
    """The same into another file."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        _begin(fresh)
        with closing(sqlite3.connect(_uri(fresh, "rwc"), uri=True, isolation_level=None)) as copy:
            copy.execute("PRAGMA journal_mode=OFF")
            copy.execute("PRAGMA synchronous=OFF")  # it is synced below, once
            copy.execute("ATTACH ? AS src", (_uri(database, "ro"),))
            copy.execute("BEGIN")
            for table in TABLES:
                _copy_table(copy, table)
            copy.execute("CREATE TABLE numbers AS SELECT name, seq FROM src.sqlite_sequence")
            copy.execute(
                "CREATE TABLE about AS SELECT ? AS at, coalesce(max(rowid), 0) AS change FROM src.changes", (now.isoformat(),)
            )
            copy.execute("COMMIT")
        _put(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def _copy_table(copy: sqlite3.Connection, table: str) -> None:
    if not copy.execute("SELECT 1 FROM src.sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone():
        return  # of a later release than the database's
    if table == "entries":  # those that count now (engine/store/imports.py)
        names = [f"abs(e.list_id) AS {name}" if name == "list_id" else f"e.{name}" for name in _columns(copy, "src", table)]
        source = "src.entries e JOIN src.lists l ON l.id = abs(e.list_id) AND l.generation = e.generation"
        copy.execute(f"CREATE TABLE entries AS SELECT {', '.join(names)} FROM {source}")
    else:
        copy.execute(f"CREATE TABLE {table} AS SELECT * FROM src.{table}")


def rewrite(database: Path, name: str, change: Callable[[sqlite3.Connection], None]) -> None:
    """Another copy with what `change` does to it takes the place of this one, if there is one and anything changes: nobody writes
    into a copy that others may read. A damaged one goes: nothing is begun anew from it. StoreError: it could not be replaced."""
    path = file_of(database, name)
    if not path.exists():
        return
    fresh = path.with_name(f"{path.name}.rewritten")
    try:
        with _told(path.name):
            _begin(fresh)
            shutil.copyfile(path, fresh)
            with closing(sqlite3.connect(_uri(fresh, "rw"), uri=True, isolation_level=None)) as copy:
                copy.execute("PRAGMA journal_mode=OFF")
                copy.execute("PRAGMA synchronous=OFF")  # it is synced below, once
                copy.execute("PRAGMA secure_delete=ON")
                copy.execute("BEGIN")
                change(copy)
                copy.execute("COMMIT")
                if not copy.total_changes:
                    return
            _put(fresh, path)
    except StoreDamaged as why:
        if is_whole(database, name):  # a card that fails to read now and then
            raise
        log.error("%s goes: %s", path, why)
        path.unlink(missing_ok=True)
    finally:
        fresh.unlink(missing_ok=True)


def _begin(fresh: Path) -> None:
    """An empty file for whom the folder is for alone: passwords of actions come into it."""
    fresh.unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_EXCL, private_in(fresh.parent)))


def _put(fresh: Path, path: Path) -> None:
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def fill(target: sqlite3.Connection, database: Path, name: str, counts_stay: bool) -> None:
    """Puts what a copy holds in the place of what the tables of `target` hold, which has the layout of this release; it commits.
    `counts_stay`: who is inside is known better than by the copy, which may be weeks old; else those of the copy are counted, but
    none by its plate: many have left since, and would be kept out. sqlite3.Error: it could not, and nothing has changed."""
    target.execute("ATTACH ? AS copy", (_uri(file_of(database, name), "ro"),))
    try:
        target.execute("PRAGMA foreign_keys=OFF")
        target.execute("BEGIN IMMEDIATE")
        try:
            if counts_stay:
                for table in ("inside", "places"):
                    target.execute(f"CREATE TEMP TABLE kept_{table} AS SELECT * FROM main.{table}")
            _fill_tables(target)
            (_put_counts_back if counts_stay else unname_counts)(target)
            target.execute("COMMIT")
        except BaseException:
            if target.in_transaction:
                target.execute("ROLLBACK")
            raise
    finally:
        target.execute("DETACH copy")


def _fill_tables(target: sqlite3.Connection) -> None:
    there = {row[0] for row in target.execute("SELECT name FROM copy.sqlite_master WHERE type = 'table'")}
    for table in TABLES:
        target.execute(f"DELETE FROM main.{table}")
    target.execute("DELETE FROM main.imports")
    for table in (each for each in TABLES if each in there):
        wanted = _columns(target, "main", table)
        columns = ", ".join(column for column in _columns(target, "copy", table) if column in wanted)
        target.execute(f"INSERT OR REPLACE INTO main.{table} ({columns}) SELECT {columns} FROM copy.{table}")
    for table, number in target.execute("SELECT name, seq FROM copy.numbers").fetchall():
        keep_number(target, table, number + (HIGHER if table in COUNTED else 0))


def _put_counts_back(target: sqlite3.Connection) -> None:
    """Vehicles of a list that the copy has not are strangers."""
    mine = "CASE WHEN list_id IN (SELECT id FROM main.lists) THEN list_id ELSE 0 END"
    target.execute("DELETE FROM main.inside")
    target.execute("UPDATE main.places SET correction = 0, drift = 0, since = ''")
    target.execute(f"INSERT INTO main.inside (key, plate, list_id, since) SELECT key, plate, {mine}, since FROM temp.kept_inside")
    target.execute(
        "INSERT INTO main.places (list_id, correction, drift, since) "
        f"SELECT {mine}, sum(correction), sum(drift), max(since) FROM temp.kept_places WHERE true GROUP BY 1 ON CONFLICT (list_id) "
        "DO UPDATE SET correction = excluded.correction, drift = excluded.drift, since = excluded.since"
    )


def unname_counts(target: sqlite3.Connection) -> None:
    """Of a copy: nobody counts as inside by a plate."""
    target.execute("INSERT OR IGNORE INTO main.places (list_id) SELECT DISTINCT list_id FROM main.inside")
    target.execute(
        "UPDATE main.places SET correction = correction + of.number, drift = drift + of.number, since = max(since, of.newest) "
        "FROM (SELECT list_id AS id, count(*) AS number, max(since) AS newest FROM main.inside GROUP BY list_id) AS of "
        "WHERE list_id = of.id"
    )
    target.execute("DELETE FROM main.inside")


def keep_number(target: sqlite3.Connection, table: str, number: int) -> None:
    """What comes into the table after this has a higher number."""
    row = target.execute("SELECT seq FROM main.sqlite_sequence WHERE name = ?", (table,)).fetchone()
    if row is None:
        target.execute("INSERT INTO main.sqlite_sequence (name, seq) VALUES (?, ?)", (table, number))
    elif row[0] < number:
        target.execute("UPDATE main.sqlite_sequence SET seq = ? WHERE name = ?", (number, table))


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")]


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path))}?mode={mode}"


def _reading(path: Path) -> sqlite3.Connection:
    """Nobody writes into a copy: it is replaced as a whole."""
    return sqlite3.connect(f"{_uri(path, 'ro')}&immutable=1", uri=True, isolation_level=None)


class Backup:
    """`turn` is called about once a minute, by one process: it copies what has changed."""

    def __init__(self, database: Path, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._made_ns: int | None = None

    def turn(self, change: int) -> bool:
        """`change`: row of the newest change. Whether a copy was made. StoreError says why one that was due was not."""
        newest = about(self._database, NEWEST)
        if newest is not None and not self._is_due(newest, change):
            return False
        size = _size(file_of(self._database, NEWEST))
        with _told(self._database.name):
            if space(self._database)[1] < 2 * size + SPARE_BYTES:
                raise OSError(errno.ENOSPC, "there is too little room")
            self._keep_daily(newest)
            make(self._database, NEWEST, self._clock.now())
        self._made_ns = self._clock.monotonic_ns()
        return True

    def _is_due(self, newest: About, change: int) -> bool:
        age = self._clock.now() - newest.at
        if not timedelta() <= age < DAY:  # or the clock was set
            return True
        wait_s = EVERY_S_A_MB * max(1.0, _size(file_of(self._database, NEWEST)) / 1e6)
        waited = self._made_ns is None or self._clock.monotonic_ns() - self._made_ns >= wait_s * 1e9
        return newest.change != change and waited

    def _keep_daily(self, newest: About | None) -> None:
        """The newest copy becomes the daily one when that is older by a day; one that was made by a wrong clock only where there is
        no other."""
        if newest is None:
            return
        daily, now = about(self._database, DAILY), self._clock.now()
        is_right = newest.at >= CLOCK_KNOWN and (now < CLOCK_KNOWN or newest.at <= now)
        if daily is None or (is_right and not timedelta() <= newest.at - daily.at < DAY):
            file_of(self._database, NEWEST).replace(file_of(self._database, DAILY))


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as why:
        found = problem(name, why)
        if isinstance(found, StoreDamaged):
            raise found from why
        raise StoreError("lists and settings were not copied: {why}", why=found.text) from why


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
