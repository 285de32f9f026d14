"""Refusals: what SQLite or the system says about a database's file, as an error of ours."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import suppress
from pathlib import Path

from board.kit.errors import StorageFull, StorageRefused, StoreDamaged, StoreError
from board.kit.files import NO_ROOM

BUSY_TIMEOUT_S = 5.0
"""How long a write waits for another one, of this process or of another."""

NOT_WRITTEN = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_TRUNCATE, sqlite3.SQLITE_CANTOPEN)
"""What SQLite calls some refusals of a full storage."""

PROBE_BYTES = 65_536


def problem(name: str, why: Exception) -> StoreError:
    """What was said about the file `name`, by its code."""
    code = getattr(why, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or getattr(why, "errno", None) in NO_ROOM:
        return StorageFull("storage is full: {name} cannot be written; delete data or lower the retention", name=name)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(
            "database {name} is held by another process for more than {busy_timeout_s:.0f} s",
            name=name,
            busy_timeout_s=BUSY_TIMEOUT_S,
        )
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return StoreDamaged("database {name} is damaged ({why})", name=name, why=why)
    if code == sqlite3.SQLITE_READONLY or getattr(why, "errno", None) == errno.EROFS:
        return StorageRefused("database {name} cannot be written: the storage is read-only ({why})", name=name, why=why)
    if code == sqlite3.SQLITE_IOERR:
        return StorageRefused("database {name}: the storage could not be read or written ({why})", name=name, why=why)
    if code == sqlite3.SQLITE_CANTOPEN or getattr(why, "errno", None) == errno.EIO:
        return StorageRefused("database {name} cannot be opened ({why})", name=name, why=why)
    return StoreError("database {name}: {why}", name=name, why=why)


def refused(path: Path, why: Exception) -> StoreError:
    """`problem`, of what was to be written: SQLite calls some refusals of a full storage errors of reading and writing."""
    if getattr(why, "sqlite_errorcode", 0) in NOT_WRITTEN:
        why = refusal(path) or why
    return problem(path.name, why)


def may_pass(why: sqlite3.Error) -> bool:
    """Whether the card may only have failed to read once. SQLite calls EIO damage as well (SQLITE_IOERR_CORRUPTFS)."""
    return getattr(why, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR)


def is_unread(why: Exception) -> bool:
    """Whether the card did not read it."""
    return getattr(why, "sqlite_errorcode", 0) in (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_CORRUPTFS)


def is_unseen(why: Exception) -> bool:
    """Whether it is damage of a kind that no check of the file finds: within a table for searches."""
    return getattr(why, "sqlite_errorcode", 0) == sqlite3.SQLITE_CORRUPT_VTAB


def refusal(path: Path) -> OSError | None:
    """Why the system takes no more beside that file; None: it does. SQLite keeps a quota to itself."""
    probe = path.with_name(f"{path.name}-probe")
    try:
        probe.write_bytes(bytes(PROBE_BYTES))
    except OSError as why:
        return why
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return None
