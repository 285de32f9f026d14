"""Database: the one SQLite file, opened by several processes at once: a connection that writes, others that read; every error a
StoreError."""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from board.kit.errors import StorageFull, StorageRefused, StoreDamaged, StoreError
from board.kit.files import private_in
from engine.store import damage, rescue
from engine.store.migrations import COMPATIBLE, MIGRATIONS, carry_out, layout_version
from engine.store.refusals import BUSY_TIMEOUT_S, is_unread, is_unseen, may_pass, refused

ASK_AGAIN_S = 0.0002
"""SQLite's own waiting asks after 1, 2, 5, 10 ... 100 ms and comes too late between short writes; this asks evenly."""

HELD_TIMEOUT_S = 0.05
"""As BUSY_TIMEOUT_S, of a file that was held for that long already: each car would wait as long as the first, the last in vain."""

Values = Sequence[Any] | Mapping[str, Any]
"""Of a statement's question marks, or of its names."""

SHORT_WAL = 8_000_000
"""Bytes that the WAL keeps when it begins anew after a checkpoint."""

LONG_WAL = 24_000_000
"""Bytes by which it may grow until `bound_wal` makes a checkpoint."""

IDLE_READERS = 2
TRY_EVERY_S = 0.2
"""How often writing to a storage that refused is tried again."""
READER_CACHE_KIB = 1024
GATE_CACHE_KIB = 4096
"""Holds the upper pages of a million entries' index and table, so that a look-up reads only the lowest one of each."""

log = logging.getLogger("store")


class Database:
    """One connection writes, under a lock; each read that runs at the same time has another. Threads may share a Database.

    WAL: readers never wait for the writer. synchronous NORMAL: a commit costs no fsync, which takes 10 to 300 ms on an SD
    card and would stand between the car and the gate; a killed process loses nothing, and a power cut may lose what was committed
    since the last `sync`, but never damages the file.

    What is damaged or gone is set aside and begun anew from its backup (rescue.py). A storage that refuses (full, read-only) leaves
    a Database that is only read until it takes what is written again: StorageRefused for each write.

    `checkpoints` False leaves the copying of the WAL into the file (which does fsync) to `checkpoint()`, so that it never
    falls into a passage's commit. `cache_kib`: how much of the file each reading connection keeps at most.
    """

    def __init__(self, path: Path, checkpoints: bool = True, cache_kib: int = READER_CACHE_KIB) -> None:
        self._path = path
        self._cache_kib = cache_kib
        self._checkpoints = checkpoints
        self._lock = threading.RLock()
        self._writing: int | None = None
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._synced_ns = 0
        """When the WAL was written that `sync` made sure of."""
        self._wal_bytes = 0
        """Its size at the checkpoint that `bound_wal` made last."""
        self._refused: StorageRefused | None = None
        self._tried_s = 0.0
        self._held = False
        """Another process has held the file for longer than anybody waits."""
        self._writer: Any = None
        """The connection that writes; None while the storage refuses (`_refused`) and the file is only read."""
        rescue.prepare(path)
        try:
            self._begin_use()
        except StoreDamaged as why:
            rescue.begin_anew(path, why)
            self._begin_use()

    def _begin_use(self) -> None:
        self._hold = rescue.Hold(self._path)
        try:
            try:
                self._open_writer()
            except StorageRefused as why:
                self._refused = why
                self._only_read()
            if self._hold.alone:
                self._look()
                self._hold.share()
        except BaseException:
            self._release()
            raise

    def _open_writer(self) -> None:
        try:
            self._writer = self._open(self._checkpoints)
        except (sqlite3.Error, OSError) as why:
            raise self._problem(why) from why
        try:
            self._migrate()
        except BaseException:
            self._drop_writer()
            raise

    def _only_read(self) -> None:
        """The storage takes nothing: what is stored is read, and writing is tried again with each write. StorageRefused when the
        file cannot even be read, or is of an older layout."""
        assert self._refused is not None
        try:
            with closing(self._open_reader()) as connection:
                layout = layout_version(connection)
        except (StoreError, sqlite3.Error) as why:
            if isinstance(why, StoreDamaged):
                raise
            raise self._refused from why
        if layout < len(MIGRATIONS):
            raise self._refused
        log.error("%s: it is only read", self._refused)

    def _look(self) -> None:
        """Nobody else has it open: the tables that the gate needs are looked at."""
        found = damage.of_tables(self._writer) if self._writer is not None else ""
        if found:
            raise StoreDamaged("database {name} is damaged ({why})", name=self._path.name, why=found)

    def _drop_writer(self) -> None:
        if self._writer is not None:
            with suppress(sqlite3.Error):
                self._writer.close()
            self._writer = None

    def _release(self) -> None:
        self._drop_writer()
        while self._idle:
            self._idle.pop().close()
        self._hold.close()

    # --- reading ------------------------------------------------------------------------------------------------------

    def rows(self, sql: str, values: Values = ()) -> list[sqlite3.Row]:
        """All rows of a query. Inside a transaction of this thread it sees what was written there, else what is committed."""
        if self._writing == threading.get_ident():
            return self._fetch(self._writer, sql, values)
        connection = self._borrow()
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.Error as why:
            if not may_pass(why):
                raise self._problem(why) from why
            log.warning("%s: it is read once more", why)
            return self._fetch(connection, sql, values)
        finally:
            self._give_back(connection)

    def row(self, sql: str, values: Values = ()) -> sqlite3.Row | None:
        """The first row, None when there is none."""
        found = self.rows(sql, values)
        return found[0] if found else None

    @contextmanager
    def snapshot(self) -> Iterator[Callable[[str, Values], Iterator[sqlite3.Row]]]:
        """Gives a function that answers queries row by row, all of them from the state of this moment."""
        connection = self._borrow()
        try:
            self._fetch(connection, "BEGIN", ())
            yield lambda sql, values: self._stream(connection, sql, values)
        finally:
            if connection.in_transaction:
                connection.rollback()
            self._give_back(connection)

    def _stream(self, connection: sqlite3.Connection, sql: str, values: Values) -> Iterator[sqlite3.Row]:
        try:
            yield from connection.execute(sql, values)
        except sqlite3.Error as why:
            raise self._problem(why, of_rows=True) from why

    def _borrow(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()  # atomic: threads share the list
        except IndexError:
            return self._open_reader()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._closed or self._refused is not None or len(self._idle) >= IDLE_READERS:  # one without the WAL sees nothing new
            connection.close()
        else:
            self._idle.append(connection)

    def _open_reader(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError("database {name} is closed", name=self._path.name)
        try:
            return self._reader("")
        except sqlite3.Error as why:
            if self._refused is None or not isinstance(self._problem(why), StorageRefused):
                raise self._problem(why) from why
        try:  # without its WAL, which takes files that the storage does not: as of the last checkpoint
            return self._reader("&immutable=1")
        except sqlite3.Error as why:
            raise self._problem(why) from why

    def _reader(self, how: str) -> sqlite3.Connection:
        uri = f"file:{quote(str(self._path))}?mode={'rw' if self._refused is None else 'ro'}{how}"
        connection = sqlite3.connect(uri, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, uri=True)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA query_only=ON")
            connection.execute(f"PRAGMA cache_size=-{self._cache_kib}")
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    def _fetch(self, connection: sqlite3.Connection, sql: str, values: Values) -> list[sqlite3.Row]:
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.Error as why:
            raise self._problem(why, of_rows=connection is not self._writer) from why

    # --- writing ------------------------------------------------------------------------------------------------------

    def execute(self, sql: str, values: Values = ()) -> int:
        """Carries out one statement; the id of the inserted row, or the number of changed rows for other statements."""
        with self.transaction():
            try:
                cursor = self._writer.execute(sql, values)
            except sqlite3.Error as why:
                raise self._problem(why) from why
            return int(cursor.lastrowid or 0) if sql.lstrip()[:6].upper() == "INSERT" else cursor.rowcount

    def execute_many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        with self.transaction():
            try:
                self._writer.executemany(sql, values)
            except sqlite3.Error as why:
                raise self._problem(why) from why

    def changed_row(self, sql: str, values: Values) -> sqlite3.Row | None:
        """The first row that a statement with RETURNING changed; None when there is none."""
        with self.transaction():
            found = self._fetch(self._writer, sql, values)
        return found[0] if found else None

    @contextmanager
    def transaction(self, cascade: bool = True) -> Iterator[None]:
        """All statements inside commit together or not at all. Takes the write lock at once: a lock taken later could fail
        without waiting when another process has written in between. `cascade` False: references are not looked after, so that what
        is deleted takes nothing along."""
        with self._lock:
            if self._writing is not None:
                yield
                return
            self._need_writer()
            if not cascade:
                self._writer.execute("PRAGMA foreign_keys=OFF")
            try:
                yield from self._transaction()
            finally:
                if not cascade:
                    self._writer.execute("PRAGMA foreign_keys=ON")

    def _transaction(self) -> Iterator[None]:
        self._begin()
        self._writing = threading.get_ident()
        try:
            yield
            self._commit()
        except BaseException:
            if self._writer.in_transaction:
                self._writer.rollback()
            raise
        finally:
            self._writing = None

    def _need_writer(self) -> None:
        """Once a second it is tried whether the storage takes something again. StorageRefused: it does not."""
        if self._writer is not None:
            return
        if self._closed or self._refused is None:
            raise StoreError("database {name} is closed", name=self._path.name)
        now_s = time.monotonic()
        if now_s - self._tried_s < TRY_EVERY_S:
            raise self._refused
        self._tried_s = now_s
        try:
            self._open_writer()
        except StorageRefused as why:
            self._refused = why
            raise
        self._refused = None
        log.warning("database %s can be written again", self._path.name)

    def _begin(self) -> None:
        until = time.monotonic() + (HELD_TIMEOUT_S if self._held else BUSY_TIMEOUT_S)
        while True:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                self._held = False
                return
            except sqlite3.Error as why:
                if not _is_busy(why) or time.monotonic() > until:
                    self._held = _is_busy(why)
                    self._refuse(self._problem(why))
                    raise self._problem(why) from why
            time.sleep(ASK_AGAIN_S)

    def _refuse(self, why: StoreError) -> None:
        """A connection that was opened on a read-only storage never writes: another is opened when it is tried again."""
        if isinstance(why, StorageRefused) and not isinstance(why, StorageFull):
            self._drop_writer()
            self._refused = why

    def _commit(self) -> None:
        try:
            self._writer.execute("COMMIT")
        except sqlite3.Error as why:
            raise self._problem(why) from why

    def pragma(self, text: str) -> Any:
        """Sets or asks something of the connection that writes ("max_page_count=100"); its first value."""
        with self._lock:
            self._need_writer()
            found = self._fetch(self._writer, f"PRAGMA {text}", ())
        return found[0][0] if found else None

    @property
    def path(self) -> Path:
        return self._path

    def size_bytes(self) -> tuple[int, int]:
        """Of the file, and of that what deleted rows left free for new ones."""
        row = self.row(
            "SELECT page_count AS pages, freelist_count AS free, page_size AS size FROM pragma_page_count, "
            "pragma_freelist_count, pragma_page_size"
        )
        assert row is not None
        return row["pages"] * row["size"], row["free"] * row["size"]

    def checkpoint(self) -> None:
        """Copies the WAL into the file as far as no reader needs it; waits for nobody."""
        self.pragma("wal_checkpoint(PASSIVE)")

    def empty_wal(self) -> None:
        """What was deleted is gone from the WAL, too, unless somebody reads from it just now. What takes time is copied before, so
        that a car that comes meanwhile does not wait."""
        self.checkpoint()
        self.pragma("wal_checkpoint(TRUNCATE)")

    def bound_wal(self) -> None:
        """For who writes much without checkpoints: makes one whenever the WAL has grown by LONG_WAL, so that it does not fill the
        storage."""
        try:
            size = self._wal.stat().st_size
        except FileNotFoundError:
            return
        except OSError as why:
            raise self._problem(why) from why
        if size < self._wal_bytes:  # it began anew
            self._wal_bytes = 0
        if size - self._wal_bytes > LONG_WAL:
            self.checkpoint()
            self._wal_bytes = size

    @property
    def _wal(self) -> Path:
        return self._path.with_name(f"{self._path.name}-wal")

    def sync(self) -> None:
        """What was committed so far outlives a power cut from here on. It may take as long as the card does, and holds nobody up:
        SQLite keeps no locks on the WAL, so that it may be opened and closed beside it."""
        try:
            number = os.open(self._wal, os.O_RDONLY)
        except FileNotFoundError:
            return
        except OSError as why:
            raise self._problem(why) from why
        try:
            changed_ns = os.fstat(number).st_mtime_ns
            if changed_ns != self._synced_ns:
                os.fdatasync(number)
                self._synced_ns = changed_ns
        except OSError as why:
            raise self._problem(why) from why
        finally:
            os.close(number)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._release()

    # --- opening ------------------------------------------------------------------------------------------------------

    def _keep_private(self) -> None:
        wanted = private_in(self._path.parent)
        if stat.S_IMODE(self._path.stat().st_mode) != wanted:
            self._path.chmod(wanted)

    def _open(self, checkpoints: bool) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # a damaged file says so here
            # Passwords of actions lie in the file. By its path: whoever opens and closes the file beside SQLite takes away
            # the locks that this process holds on it, and another process would then drop the WAL under our hands.
            self._keep_private()
            if not os.access(self._path, os.W_OK):  # SQLite opens it all the same, and never writes
                raise OSError(errno.EROFS, os.strerror(errno.EROFS))
            _enable_wal(connection)
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten; not every SQLite does so by itself
            connection.execute(f"PRAGMA journal_size_limit={SHORT_WAL}")
            if not checkpoints:
                connection.execute("PRAGMA wal_autocheckpoint=0")
            connection.execute("PRAGMA busy_timeout=0")
            return connection
        except BaseException:
            connection.close()
            raise

    def _migrate(self) -> None:
        if self.pragma("user_version") > COMPATIBLE:
            raise StoreError(
                "database {name} is of a newer release (version {version}, this one knows {known}): install "
                "the newer package again; the file was left as it is",
                name=self._path.name,
                version=self.pragma("user_version"),
                known=COMPATIBLE,
            )
        if self._layout() >= len(MIGRATIONS):
            return
        with self.transaction():  # all or nothing, and a second process waits here
            try:
                carry_out(self._writer, MIGRATIONS[self._layout() :])
            except sqlite3.Error as why:
                raise self._problem(why) from why

    def _layout(self) -> int:
        try:
            return layout_version(self._writer)
        except sqlite3.Error as why:
            raise self._problem(why) from why

    def _problem(self, why: Exception, of_rows: bool = False) -> StoreError:
        """`of_rows`: they were only read."""
        found = refused(self._path, why)
        if is_unread(why):
            rescue.unread(self._path, of_rows)
        if isinstance(found, StoreDamaged) and not rescue.is_asked(self._path):
            with suppress(StoreError):  # the next process to open it looks into it
                rescue.ask(self._path, rescue.CHECK, rescue.UNSEEN if is_unseen(why) else "")
        return found

    def is_over(self) -> bool:
        """The file is damaged, or to be exchanged because a person wants that: whoever has it open closes it and opens it again."""
        return rescue.is_asked(self._path)


def _is_busy(why: sqlite3.Error) -> bool:
    return getattr(why, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _enable_wal(connection: sqlite3.Connection) -> None:
    # The change of the journal mode does not honour the busy timeout, and the processes start together.
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as why:
            if not _is_busy(why) or time.monotonic() > until:
                raise
        time.sleep(0.02)
