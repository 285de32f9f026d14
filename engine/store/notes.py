"""Notes: what actions, exports and imports said last, why others were let in or not, and copies of lists, without a plate whose
owner wants it forgotten."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from board.kit.words import Text, from_stored, to_stored
from engine.lists import normalise
from engine.lists.alphabet import DASHES_AND_DOTS
from engine.store import backup
from engine.store.database import Database

NOTES = (
    ("rule_results", "done_note"),
    ("rule_results", "error"),
    ("jobs", "done_note"),
    ("jobs", "error"),
    ("transfers", "note"),
    ("passages", "reason"),
    ("deliveries", "note"),
)
"""Table and column. Passages that stay were of other plates ("one character off AB12"), or of tests: "gate.example took AB12"."""


_BETWEEN = rf"[ \u00a0\u2000-\u2015\u202f\u3000{re.escape(DASHES_AND_DOTS)}]*"
"""Blanks, dots and dashes: what people, and spreadsheets, put between the characters of a plate."""


class Spelling:
    """Finds exactly this plate in a text, as it is compared, as it stands here and as it was `written` elsewhere (with an umlaut),
    whatever separates its characters."""

    def __init__(self, plate: str, *written: str) -> None:
        keys = {"".join(filter(str.isalnum, each)).upper() for each in (normalise(plate), plate, *written)} - {""}
        self.likes = [f"%{'%'.join(key)}%" for key in sorted(keys)]
        ways = "|".join(_BETWEEN.join(map(re.escape, key)) for key in sorted(keys))
        never = r"(?!)"
        self._anywhere = re.compile(ways or never)
        """Twenty times as fast on a text that is in capitals: most texts hold nothing like it."""
        self._alone = re.compile(rf"(?<![^\W_])(?:{ways or never})(?![^\W_])", re.IGNORECASE)

    def is_in(self, text: str) -> bool:
        return bool(self._anywhere.search(text.upper()) and self._alone.search(text))

    def replaced(self, text: str, instead: str) -> str:
        return self._alone.sub(lambda _: instead, text)


class Address:
    """Finds exactly this e-mail address in a text."""

    def __init__(self, address: str) -> None:
        self.likes = [f"%{address}%"]
        self._alone = re.compile(rf"(?<![\w.+-]){re.escape(address)}(?![\w-])", re.IGNORECASE)

    def replaced(self, text: str, instead: str) -> str:
        return self._alone.sub(lambda _: instead, text)


def masked(plate: str) -> str:
    """Enough to recognise the request in Audit, too little to keep the plate there."""
    return f"{plate[: min(2, len(plate) // 2)]}***"


def unname(db: Database, wanted: Sequence[Spelling | Address], instead: str) -> None:
    """They stay, with `instead` in the place of exactly this plate and of its owner's addresses: "mail.example took the mail for
    anna@example.org"."""
    for (table, column), each in product(NOTES, wanted):
        like = " OR ".join(f"{column} LIKE ?" for _ in each.likes) or "0"  # SQL's LIKE finds them faster, and more than them
        rows = db.rows(f"SELECT rowid AS number, {column} AS note FROM {table} WHERE {like}", each.likes)
        changed = _changed(((row["number"], row["note"]) for row in rows), each, instead)
        with db.transaction():  # begun after the search: a car that comes meanwhile shall not wait
            for values in changed:
                db.execute(_update(table, column), values)  # another note may have come meanwhile


def forget_in_copies(database: Path, plate: str, wanted: Sequence[Spelling | Address], instead: str) -> None:
    """The same in the copies of the database, in which nobody stands in a list or counts as inside by this plate any more: they
    would bring it back. StoreError: a copy could not be replaced."""

    def forget(copy: sqlite3.Connection) -> None:
        copy.create_function("normalised", 1, normalise)
        key = {"key": normalise(plate)}
        # Releases before made other keys of what is not ASCII; of all others it would only take time.
        copy.execute("DELETE FROM entries WHERE key = :key OR (key GLOB '*[^ -~]*' AND normalised(plate) = :key)", key)
        if _has(copy, "inside", "plate"):
            copy.execute("DELETE FROM inside WHERE normalised(plate) = :key", key)
        for (table, column), each in product(NOTES, wanted):
            if _has(copy, table, column):
                rows = copy.execute(f"SELECT rowid, {column} FROM {table} WHERE {column} <> ''").fetchall()
                copy.executemany(_update(table, column), _changed(rows, each, instead))

    for name in backup.ALL:
        backup.rewrite(database, name, forget)


def _has(copy: sqlite3.Connection, table: str, column: str) -> bool:
    """Those of other releases lack some."""
    return column in {row[1] for row in copy.execute(f"PRAGMA table_info({table})")}


def _changed(notes: Iterable[tuple[int, str]], wanted: Spelling | Address, instead: str) -> list[tuple[str, int, str]]:
    """Values for `_update`."""
    found = ((from_stored(note), number, note) for number, note in notes)
    made = ((text, _without(text, wanted, instead), number, note) for text, number, note in found)
    return [(to_stored(without), number, note) for text, without, number, note in made if without != text]


def _without(told: Any, wanted: Spelling | Address, instead: str) -> Any:
    """What a note says is in its values; a number among them is no plate, nor is a word of our own: "{host} took {plate}"."""
    if isinstance(told, Text):
        key = told.key if told.values else wanted.replaced(told.key, instead)
        return Text(key, {name: _without(value, wanted, instead) for name, value in told.values.items()}, told.one)
    if isinstance(told, list):
        return [_without(each, wanted, instead) for each in told]
    return wanted.replaced(told, instead) if isinstance(told, str) else told


def _update(table: str, column: str) -> str:
    return f"UPDATE {table} SET {column} = ? WHERE rowid = ? AND {column} = ?"
