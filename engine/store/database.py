"""Database: the one SQLite file, opened for several processes at once; numbered migrations; every error a StoreError."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from board.kit.errors import StoreError
from engine.store.migrations import MIGRATIONS, carry_out

BUSY_TIMEOUT_S = 5.0
"""How long a write waits for another process's write."""


class Database:
    """One connection, shared by the threads of a process under a lock.

    WAL: readers never wait for the writer. synchronous NORMAL: a commit costs no fsync, which takes 10 to 300 ms on an SD
    card and would stand between the car and the gate; a killed process loses nothing, and a power cut may lose the last
    moments but never damages the file.

    `checkpoints` False leaves the copying of the WAL into the file (which does fsync) to `checkpoint()`, so that it never
    falls into a passage's commit.
    """

    def __init__(self, path: Path, checkpoints: bool = True) -> None:
        self._path = path
        self._lock = threading.RLock()
        try:
            self._connection = self._open(checkpoints)
        except (sqlite3.Error, OSError) as why:
            raise self._problem(why) from why
        try:
            self._migrate()
        except BaseException:
            self._connection.close()
            raise

    def _open(self, checkpoints: bool) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # a damaged file says so here
            # Passwords of actions lie in the file. By its path: whoever opens and closes the file beside SQLite takes away
            # the locks that this process holds on it, and another process would then drop the WAL under our hands.
            self._path.chmod(0o600)
            _enable_wal(connection)
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA journal_size_limit=8000000")
            if not checkpoints:
                connection.execute("PRAGMA wal_autocheckpoint=0")
            return connection
        except BaseException:
            connection.close()
            raise

    def _migrate(self) -> None:
        version = self._version()
        if version > len(MIGRATIONS):
            raise StoreError(
                "database {name} is of a newer release (version {version}, this one knows {migrations}): install "
                "the newer package again; the file was left as it is",
                name=self._path.name,
                version=version,
                migrations=len(MIGRATIONS),
            )
        if version == len(MIGRATIONS):
            return
        with self.transaction():  # all or nothing, and a second process waits here
            try:
                carry_out(self._connection, MIGRATIONS[self._version() :])
            except sqlite3.Error as why:
                raise self._problem(why) from why
            self.execute(f"PRAGMA user_version={len(MIGRATIONS)}")

    def _version(self) -> int:
        return int(self.rows("PRAGMA user_version")[0][0])

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            try:
                return self._connection.execute(sql, values).fetchall()
            except sqlite3.Error as why:
                raise self._problem(why) from why

    def row(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Row | None:
        """The first row, None when there is none."""
        found = self.rows(sql, values)
        return found[0] if found else None

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Carries out one statement; the id of the inserted row, or the number of changed rows for other statements."""
        with self._lock:
            try:
                cursor = self._connection.execute(sql, values)
            except sqlite3.Error as why:
                raise self._problem(why) from why
            return int(cursor.lastrowid or 0) if sql.lstrip()[:6].upper() == "INSERT" else cursor.rowcount

    def execute_many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        with self._lock:
            try:
                self._connection.executemany(sql, values)
            except sqlite3.Error as why:
                raise self._problem(why) from why

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside commit together or not at all. Takes the write lock at once: a lock taken later could fail
        without waiting when another process has written in between."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.rollback()
                raise

    def checkpoint(self) -> None:
        """Copies the WAL into the file as far as no reader needs it; waits for nobody."""
        self.rows("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _problem(self, why: Exception) -> StoreError:
        text = str(why)
        if "full" in text or "No space" in text:
            return StoreError("storage is full: {name} cannot be written; delete data or lower the retention", name=self._path.name)
        if "locked" in text or "busy" in text:
            return StoreError(
                "database {name} is held by another process for more than {busy_timeout_s:.0f} s",
                name=self._path.name,
                busy_timeout_s=BUSY_TIMEOUT_S,
            )
        if "not a database" in text or "malformed" in text or "disk I/O" in text:
            return StoreError(
                "database {name} is damaged ({text_}); it was left as it is: restore a backup or move it away",
                name=self._path.name,
                text_=text,
            )
        return StoreError("database {name}: {text_}", name=self._path.name, text_=text)


def _enable_wal(connection: sqlite3.Connection) -> None:
    # The change of the journal mode does not honour the busy timeout, and the processes start together.
    end = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as why:
            if "locked" not in str(why) or time.monotonic() > end:
                raise
        time.sleep(0.02)
