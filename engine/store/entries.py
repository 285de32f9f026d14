"""Entries: the table `entries`: the plates of the lists, with validity and Wiegand number."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import datetime
from sqlite3 import Row
from typing import Any

from board.kit.errors import ConfigError
from board.kit.settings import unfit
from engine import lists as matching
from engine.lists.collisions import Collision, find_collisions
from engine.store.database import Database
from engine.store.lists import Lists
from engine.store.rows import part, stamp
from engine.types import FIXED_ROLES, ListEntry, Match

MAX_PLATE = 20
MAX_DESCRIPTION = 200
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
                raise ConfigError(
                    "{list_name} holds no plates: it stands for plates of every list or of none", list_name=owner.name
                )
            if self._db.row("SELECT 1 FROM entries WHERE list_id=? AND key=? AND id<>?", (entry.list_id, key, entry.id)):
                raise unfit("plate", "Plate", "{plate} is in {list_name} already", plate=entry.plate, list_name=owner.name)
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
    plate, description = _shown(entry.plate), entry.description.strip()
    key = matching.normalise(plate)
    if not key or not key.isalnum() or len(plate) > MAX_PLATE:
        raise unfit(
            "plate", "Plate", "must be 1 to {longest} letters and digits; spaces, hyphens and dots do not count", longest=MAX_PLATE
        )
    if len(description) > MAX_DESCRIPTION or not description.replace("\n", "").isprintable():
        raise unfit("description", "Description", "must be at most {longest} printable characters", longest=MAX_DESCRIPTION)
    for field, title, at in (("valid_from", "Valid from", entry.valid_from), ("valid_until", "Valid until", entry.valid_until)):
        if at.tzinfo is None:
            raise unfit(field, title, "the time zone is missing")
    if entry.valid_from >= entry.valid_until:
        raise unfit("valid_until", "Valid until", "must be later than Valid from")
    if entry.wiegand_facility is not None and not 0 <= entry.wiegand_facility <= MAX_FACILITY:
        raise unfit("wiegand_facility", "Wiegand facility", "must be 0 to {highest}", highest=MAX_FACILITY)
    if entry.wiegand_card is not None and not 0 <= entry.wiegand_card <= MAX_CARD:
        raise unfit("wiegand_card", "Wiegand card", "must be 0 to {highest}", highest=MAX_CARD)
    if entry.wiegand_facility is not None and entry.wiegand_card is None:
        raise unfit("wiegand_card", "Wiegand card", "is missing, although a facility is given")
    return replace(entry, plate=plate, description=description)


def _shown(plate: str) -> str:
    """A plate as it is kept for people: in upper case, without what cannot be seen."""
    return "".join(each for each in plate.upper() if unicodedata.category(each) != "Cf").strip()


def _filter(list_id: int, search: str) -> tuple[str, tuple[Any, ...]]:
    if not search.strip():
        return "list_id = ?", (list_id,)
    key = part(matching.normalise(search)) or part(search)
    return "list_id = ? AND (key LIKE ? ESCAPE '\\' OR description LIKE ? ESCAPE '\\')", (list_id, key, part(search.strip()))
