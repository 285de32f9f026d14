"""Migrations: the database's layout, one function per version; a released one is never edited, only followed by another.

All run in one transaction that also sets user_version. Stamps are ISO 8601 texts in UTC with microseconds: they sort as text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

FIRST_LISTS = (
    ("ALL PLATES", "all", "#607d8b"),
    ("NOT IN LIST", "unlisted", "#9e9e9e"),
    ("BLACKLIST", "black", "#c62828"),
    ("WHITELIST", "white", "#2e7d32"),
    ("WISH LIST", "wish", "#1565c0"),
)
"""Lists of a new camera (manual 4.4; the overview names the wish list)."""

# AUTOINCREMENT wherever a passage or a delivery remembers the number: what was deleted must not lend it to what comes after.
_LAYOUT_1 = (
    """CREATE TABLE lists (
        id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE COLLATE NOCASE,
        role TEXT NOT NULL, colour TEXT NOT NULL)""",
    """CREATE TABLE entries (
        id INTEGER PRIMARY KEY AUTOINCREMENT, list_id INTEGER NOT NULL REFERENCES lists(id) ON DELETE CASCADE,
        plate TEXT NOT NULL, key TEXT NOT NULL, folded TEXT NOT NULL, description TEXT NOT NULL,
        valid_from TEXT NOT NULL, valid_until TEXT NOT NULL, wiegand_facility INTEGER, wiegand_card INTEGER,
        UNIQUE (list_id, key))""",
    "CREATE INDEX entries_folded ON entries (folded)",
    """CREATE TABLE rules (
        id INTEGER PRIMARY KEY AUTOINCREMENT, list_id INTEGER NOT NULL REFERENCES lists(id) ON DELETE CASCADE,
        name TEXT NOT NULL, kind TEXT NOT NULL, enabled INTEGER NOT NULL, week TEXT NOT NULL, options TEXT NOT NULL)""",
    "CREATE INDEX rules_list ON rules (list_id)",
    """CREATE TABLE rule_results (
        rule_id INTEGER PRIMARY KEY REFERENCES rules(id) ON DELETE CASCADE,
        done_at TEXT, done_note TEXT, error_at TEXT, error TEXT)""",
    """CREATE TABLE passages (
        rowid INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, plate TEXT NOT NULL, key TEXT NOT NULL,
        confidence REAL NOT NULL, country TEXT NOT NULL, region TEXT NOT NULL, lane INTEGER NOT NULL, direction TEXT NOT NULL,
        char_height_px REAL NOT NULL, at TEXT NOT NULL, monotonic_ns INTEGER NOT NULL, trigger_id TEXT NOT NULL,
        trigger_cause TEXT NOT NULL, votes INTEGER NOT NULL, box TEXT NOT NULL, size TEXT NOT NULL,
        image_full TEXT NOT NULL, image_plate TEXT NOT NULL)""",
    "CREATE INDEX passages_at ON passages (at)",
    "CREATE INDEX passages_key ON passages (key)",
    "CREATE INDEX passages_images ON passages (rowid) WHERE image_full <> '' OR image_plate <> ''",
    """CREATE TABLE passage_lists (
        passage_rowid INTEGER NOT NULL REFERENCES passages(rowid) ON DELETE CASCADE,
        list_id INTEGER NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, colour TEXT NOT NULL,
        entry_id INTEGER, distance INTEGER NOT NULL, PRIMARY KEY (passage_rowid, list_id)) WITHOUT ROWID""",
    "CREATE INDEX passage_lists_list ON passage_lists (list_id, passage_rowid)",
    """CREATE TABLE deliveries (
        rowid INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
        passage_id TEXT NOT NULL REFERENCES passages(id) ON DELETE CASCADE,
        rule_id INTEGER NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, created_at TEXT NOT NULL, not_after TEXT NOT NULL,
        attempts INTEGER NOT NULL, next_try_at TEXT NOT NULL, finished_at TEXT, note TEXT NOT NULL)""",
    "CREATE INDEX deliveries_passage ON deliveries (passage_id)",
    "CREATE INDEX deliveries_created ON deliveries (created_at)",
    "CREATE INDEX deliveries_open ON deliveries (next_try_at) WHERE finished_at IS NULL",
    "CREATE TABLE settings (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL, changed_at TEXT) WITHOUT ROWID",
)


def _version_1(db: Database) -> None:
    for statement in _LAYOUT_1:
        db.execute(statement)
    db.table("lists").insert_all({"name": name, "role": role, "colour": colour} for name, role, colour in FIRST_LISTS)


def _version_2(db: Database) -> None:
    for column in ("plate_colour", "plate_kind"):
        db.execute(f"ALTER TABLE passages ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")


def _version_3(db: Database) -> None:
    db.execute("CREATE INDEX deliveries_waiting ON deliveries (kind, rule_id, next_try_at) WHERE state = 'pending'")
    db.execute("DROP INDEX deliveries_open")
    db.execute("CREATE INDEX deliveries_sending ON deliveries (rowid) WHERE state = 'sending'")


MIGRATIONS: tuple[Callable[[Database], None], ...] = (_version_1, _version_2, _version_3)


def carry_out(connection: sqlite3.Connection, migrations: Sequence[Callable[[Database], None]]) -> None:
    """Carries out those migrations in the open transaction. sqlite-utils is imported here only: it brings numpy's 20 MB along,
    which a board of 512 MB should not hold in each process for the sake of a new column."""
    if not migrations:
        return
    from sqlite_utils import Database

    database = Database(connection, execute_plugins=False)
    for migrate in migrations:
        migrate(database)
