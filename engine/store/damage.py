"""Damage: what is wrong with a database's file, and what the card does not read of it. What is done about it: rescue.py.

A check calls damaged, too, what the card failed to read once: whatever is found in a file is looked for again before it is said.
"""

from __future__ import annotations

import errno
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from board.kit.errors import StoreDamaged
from engine.store import backup
from engine.store.refusals import is_unread, problem

NOT_ENDED = "not ended"
"""Of a check that did not end in time."""

LOOK_WITHIN_S = 1.0
"""How long whoever opens the file first looks at the gate's tables; a check after an error takes 20 times as long at most."""
INDEXES_WITHIN_S = 120.0
"""For one that looks into the indexes, too: of 200,000 passages (93 MB) that takes 2 s of a fast processor, several times as long
on a small board, and the card's time. Longer would keep the gate shut for too long."""
MOMENT_S = 2.0
"""A card that stalls reads nothing for so long now and then."""
NOT_READ = (errno.EIO, errno.EBADMSG, errno.EUCLEAN)
PIECE_BYTES = 1 << 20

GATES_TABLES = ("lists", "rules", "settings", "entries", "deliveries")


def of_tables(
    connection: sqlite3.Connection, tables: Sequence[str] = GATES_TABLES, within_s: float = LOOK_WITHIN_S, indexes: bool = False
) -> str:
    """What is wrong with these tables, without which no gate opens ("": with any); "" when nothing is found in time. `indexes`: do
    they hold what the tables do, too; or NOT_ENDED."""
    check = "integrity_check" if indexes else "quick_check"
    until = time.monotonic() + within_s
    connection.set_progress_handler(lambda: time.monotonic() > until, 10_000)
    try:
        there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in tables:
            if table and table not in there:
                continue
            said = str(connection.execute(f"PRAGMA {check}({table or 1})").fetchone()[0])
            if said != "ok":
                return " ".join(said.split())[:200]
    except sqlite3.Error as why:
        if indexes and why.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return NOT_ENDED
        return str(why) if isinstance(problem("", why), StoreDamaged) else ""
    finally:
        connection.set_progress_handler(None, 0)
    return ""


def of_file(database: Path, tables: Sequence[str], within_s: float, indexes: bool = False) -> str:
    """Looks again before it says so: a check calls what the card did not read once damaged as well. "" also where it does not even
    begin to read it."""
    found = ""
    for look in (1, 2):
        try:
            with closing(connected(database)) as connection:
                found = of_tables(connection, tables, within_s, indexes)
        except sqlite3.Error as why:
            found = str(why) if isinstance(problem("", why), StoreDamaged) else ""
        if found in ("", NOT_ENDED):
            break
        if look == 1:
            not_read_to_its_end(database)  # a card that stalls has its moment there
    return found


def keeps_gate_shut(database: Path) -> bool:
    """What is not read of it, while it is open here: rows that the gate needs, or so much that nobody finds any."""
    try:
        with closing(connected(database)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return bool(of_tables(connection))
    except sqlite3.Error as why:
        return is_unread(why)


def not_begun(database: Path) -> str:
    """As `not_read`, where not even the beginning is read: passages that the card does not read stand in no restore's way."""
    try:
        with closing(connected(database)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return ""
    except sqlite3.Error:
        return not_read(database)


def not_read(database: Path) -> str:
    """Why the card does not read a file of which there is a copy; "" if it does."""
    return not_read_to_its_end(database) if whole_copy(database) else ""


def whole_copy(database: Path) -> str:
    """The newest copy that is whole, "" for none; looked for again once a card that stalls has had its moment."""
    names = (backup.NEWEST, backup.DAILY)
    for look in (1, 2):
        for name in names:
            if backup.about(database, name) and backup.is_whole(database, name):
                return name
        if look == 1:
            for name in names:
                not_read_to_its_end(backup.file_of(database, name))
    return ""


def not_read_to_its_end(path: Path) -> str:
    """Why the card does not read the file, asked again after a moment; "" if it does."""
    found, until_s = "", time.monotonic() + LOOK_WITHIN_S * 20
    for look in (1, 2):
        try:
            with path.open("rb", buffering=0) as file:
                while file.read(PIECE_BYTES) and time.monotonic() < until_s:
                    pass
            return ""
        except OSError as why:
            if why.errno not in NOT_READ:
                return ""
            found = why.strerror or str(why)
            if look == 1:
                time.sleep(MOMENT_S)
    return found


def connected(database: Path) -> sqlite3.Connection:
    """Makes the file where there is none; who writes commits by himself."""
    return sqlite3.connect(database, timeout=1.0, isolation_level=None)
