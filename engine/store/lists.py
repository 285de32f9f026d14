"""Lists: the table `lists`: name, role and colour of every list."""

from __future__ import annotations

from sqlite3 import Row

from board.kit.errors import ConfigError
from board.kit.settings import unfit
from engine.store.database import Database
from engine.types import FIXED_ROLES, LIST_ROLES, PlateList


class Lists:
    """Called, it gives all lists in the order of their creation; "all" and "unlisted" first."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def __call__(self) -> list[PlateList]:
        return [_plate_list(row) for row in self._db.rows("SELECT * FROM lists ORDER BY id")]

    def get(self, list_id: int) -> PlateList:
        """ConfigError when there is no such list."""
        row = self._db.row("SELECT * FROM lists WHERE id = ?", (list_id,))
        if row is None:
            raise ConfigError("this list was deleted")
        return _plate_list(row)

    def save(self, plate_list: PlateList, by: str) -> PlateList:
        """Creates (id 0) or changes a list; returns it with its id. `by`: the user who does it."""
        name, colour = plate_list.name.strip(), plate_list.colour.strip()
        if not 1 <= len(name) <= 60 or not name.isprintable():
            raise unfit("name", "List name", "must be 1 to 60 printable characters")
        if colour and not _is_colour(colour):
            raise unfit("colour", "List colour", "must be # and six hexadecimal digits")
        if plate_list.role not in LIST_ROLES:
            raise unfit("role", "List role", "must be one of {roles}", roles=LIST_ROLES)
        with self._db.transaction():
            old = self.get(plate_list.id) if plate_list.id else None
            if (old and old.role) != plate_list.role and (plate_list.role in FIXED_ROLES or (old and old.role in FIXED_ROLES)):
                raise ConfigError("ALL PLATES and NOT IN LIST exist once; their role cannot be given or taken")
            if self._db.row("SELECT 1 FROM lists WHERE name = ? AND id <> ?", (name, plate_list.id)):
                raise unfit("name", "List name", "there is a list {name} already", name=name)
            if old:
                self._db.execute("UPDATE lists SET name=?, role=?, colour=? WHERE id=?", (name, plate_list.role, colour, old.id))
                return PlateList(old.id, name, plate_list.role, colour)
            new = self._db.execute("INSERT INTO lists (name, role, colour) VALUES (?, ?, ?)", (name, plate_list.role, colour))
            return PlateList(new, name, plate_list.role, colour)

    def delete(self, list_id: int, by: str) -> None:
        """With its entries and rules; passages keep its name."""
        with self._db.transaction():
            if self.get(list_id).role in FIXED_ROLES:
                raise ConfigError("ALL PLATES and NOT IN LIST cannot be deleted")
            self._db.execute("DELETE FROM lists WHERE id = ?", (list_id,))


def _plate_list(row: Row) -> PlateList:
    return PlateList(row["id"], row["name"], row["role"], row["colour"])


def _is_colour(text: str) -> bool:
    return len(text) == 7 and text[0] == "#" and all(digit in "0123456789abcdefABCDEF" for digit in text[1:])
