"""Entries: the table `entries`: the plates of the lists, with validity and Wiegand number."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from sqlite3 import Row
from typing import Any

from board.kit.errors import ConfigError
from engine import lists as matching
from engine.lists.collisions import Collision, find_collisions
from engine.store.database import Database
from engine.store.lists import Lists
from engine.store.rows import part, stamp
from engine.types import FIXED_ROLES, ListEntry, Match

MAX_PLATE = 20
MAX_FACILITY = 0xFFFF
MAX_CARD = 0xFFFFFFFF


class Entries:
    """Called, it gives the entries of a list whose plate or description contains `search`, by plate."""

    def __init__(self, db: Database, lists: Lists) -> None:
        self._db = db
        self._lists = lists

    def __call__(self, list_id: int, search: str = "", limit: int = 100, offset: int = 0) -> list[ListEntry]:
        where, values = _filter(list_id, search)
        sql = f"SELECT * FROM entries WHERE {where} ORDER BY key LIMIT ? OFFSET ?"
        return [entry_of(row) for row in self._db.rows(sql, (*values, limit, offset))]

    def count(self, list_id: int, search: str = "") -> int:
        where, values = _filter(list_id, search)
        return int(self._db.rows(f"SELECT count(*) FROM entries WHERE {where}", values)[0][0])

    def get(self, entry_id: int) -> ListEntry | None:
        row = self._db.row("SELECT * FROM entries WHERE id = ?", (entry_id,))
        return None if row is None else entry_of(row)

    def save(self, entry: ListEntry, by: str) -> ListEntry:
        """Creates (id 0) or changes an entry; returns it with its id. A plate stands once in a list. `by`: the user who does it."""
        entry = checked(entry)
        key = matching.normalise(entry.plate)
        values = (
            entry.list_id, entry.plate, key, matching.fold(key), entry.description,
            stamp(entry.valid_from), stamp(entry.valid_until), entry.wiegand_facility, entry.wiegand_card,
        )  # fmt: skip
        with self._db.transaction():
            owner = self._lists.get(entry.list_id)
            if owner.role in FIXED_ROLES:
                raise ConfigError("{name} holds no plates: it stands for plates of every list or of none", name=owner.name)
            if self._db.row("SELECT 1 FROM entries WHERE list_id=? AND key=? AND id<>?", (entry.list_id, key, entry.id)):
                raise ConfigError("Plate: {plate} is in {name} already", plate=entry.plate, name=owner.name)
            if entry.id:
                sql = (
                    "UPDATE entries SET list_id=?, plate=?, key=?, folded=?, description=?, valid_from=?, valid_until=?, "
                    "wiegand_facility=?, wiegand_card=? WHERE id=?"
                )
                if not self._db.execute(sql, (*values, entry.id)):
                    raise ConfigError("this plate was deleted")
                return entry
            sql = (
                "INSERT INTO entries (list_id, plate, key, folded, description, valid_from, valid_until, wiegand_facility, "
                "wiegand_card) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            )
            return replace(entry, id=self._db.execute(sql, values))

    def delete(self, entry_id: int, by: str) -> None:
        self._db.execute("DELETE FROM entries WHERE id = ?", (entry_id,))

    def lookup(self, plate: str, at: datetime, fold: bool) -> tuple[Match, ...]:
        """The lists that `plate` belongs to at `at` (engine.lists.match); `fold`: look-alikes count as the same."""
        key = matching.normalise(plate)
        if not key:
            return ()
        lists = self._lists()
        by_id = {plate_list.id: plate_list for plate_list in lists}
        candidates = self._db.rows("SELECT * FROM entries WHERE folded = ? ORDER BY id", (matching.fold(key),))
        if not fold:
            candidates = [row for row in candidates if row["key"] == key]
        pairs = ((by_id[row["list_id"]], entry_of(row)) for row in candidates if row["list_id"] in by_id)
        return matching.match(key, at, lists, pairs)

    def collisions(self, list_id: int = 0, bits: int = 26) -> list[Collision]:
        """Plates that would send the same Wiegand number, in one list or (0) in all."""
        sql = "SELECT * FROM entries" + (" WHERE list_id = ?" if list_id else "") + " ORDER BY id"
        return find_collisions([entry_of(row) for row in self._db.rows(sql, (list_id,) if list_id else ())], bits)


def entry_of(row: Row) -> ListEntry:
    return ListEntry(
        id=row["id"],
        list_id=row["list_id"],
        plate=row["plate"],
        description=row["description"],
        valid_from=datetime.fromisoformat(row["valid_from"]),
        valid_until=datetime.fromisoformat(row["valid_until"]),
        wiegand_facility=row["wiegand_facility"],
        wiegand_card=row["wiegand_card"],
    )


def checked(entry: ListEntry) -> ListEntry:
    """The entry as it is stored; ConfigError says what is wrong with it."""
    plate, description = entry.plate.strip().upper(), entry.description.strip()
    key = matching.normalise(plate)
    if not key or not key.isalnum() or len(plate) > MAX_PLATE:
        raise ConfigError("Plate: 1 to {max_plate} letters and digits (spaces, hyphens and dots do not count)", max_plate=MAX_PLATE)
    if len(description) > 200 or not description.replace("\n", "").isprintable():
        raise ConfigError("Description: at most 200 printable characters")
    for title, at in (("Valid from", entry.valid_from), ("Valid until", entry.valid_until)):
        if at.tzinfo is None:
            raise ConfigError("{title}: a time zone is missing", title=title)
    if entry.valid_from >= entry.valid_until:
        raise ConfigError("Valid until: must be later than valid from")
    if entry.wiegand_facility is not None and not 0 <= entry.wiegand_facility <= MAX_FACILITY:
        raise ConfigError("Wiegand facility: 0 to {max_facility}", max_facility=MAX_FACILITY)
    if entry.wiegand_card is not None and not 0 <= entry.wiegand_card <= MAX_CARD:
        raise ConfigError("Wiegand card: 0 to {max_card}", max_card=MAX_CARD)
    if entry.wiegand_facility is not None and entry.wiegand_card is None:
        raise ConfigError("Wiegand card: missing, though a facility is given")
    return replace(entry, plate=plate, description=description)


def _filter(list_id: int, search: str) -> tuple[str, tuple[Any, ...]]:
    if not search.strip():
        return "list_id = ?", (list_id,)
    key = part(matching.normalise(search)) or part(search)
    return "list_id = ? AND (key LIKE ? ESCAPE '\\' OR description LIKE ? ESCAPE '\\')", (list_id, key, part(search.strip()))
