"""Lists: the table `lists`: name, role, colour and barrier policy of every list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from functools import lru_cache
from sqlite3 import Row
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.settings import unfit
from board.kit.typed import folded, is_printable, typed
from engine.store.changes import Changes
from engine.store.database import Database
from engine.store.occupancy import move_to_strangers
from engine.types import FIXED_ROLES, LIST_ROLES, POLICIES, PlateList

COLUMNS = "l.id, l.name, l.role, l.colour, l.policy, l.fuzzy, l.keep_days"

MOST_DAYS = 3_650


@dataclass(frozen=True)
class Known:
    """All lists by their id, in the order of their creation, and what the database's `lists_mark` was at that moment: another one
    stands there after each change of any list."""

    mark: int | None = None
    lists: Mapping[int, PlateList] = field(default_factory=dict)


class Lists:
    """Called, it gives all lists in the order of their creation; "all" and "unlisted" first."""

    def __init__(self, db: Database, changes: Changes) -> None:
        self._db = db
        self._changes = changes

    def __call__(self) -> list[PlateList]:
        return [plate_list(*row) for row in self._db.rows(f"SELECT {COLUMNS} FROM lists l ORDER BY l.id")]

    def known(self) -> Known:
        rows = self._db.rows(f"SELECT m.value, {COLUMNS} FROM lists_mark m JOIN lists l ORDER BY l.id")
        return Known(rows[0][0], {row[1]: plate_list(*row[1:]) for row in rows})

    def get(self, list_id: int) -> PlateList:
        """ConfigError when there is no such list."""
        row = self._db.row("SELECT * FROM lists WHERE id = ?", (list_id,))
        if row is None:
            raise ConfigError("this list was deleted")
        return plate_list_of(row, row["id"])

    def to_fill(self, list_id: int) -> PlateList:
        """The list as one that may hold plates; ConfigError when it may not or is gone."""
        found = self.get(list_id)
        if found.role in FIXED_ROLES:
            raise ConfigError("{list_name} holds no plates: it stands for plates of every list or of none", list_name=found.name)
        return found

    def generation(self, list_id: int) -> int:
        """Which of its entries count (engine/store/imports.py)."""
        row = self._db.row("SELECT generation FROM lists WHERE id = ?", (list_id,))
        return int(row["generation"]) if row else 0

    def save(self, plate_list: PlateList, by: str) -> PlateList:
        """Creates (id 0) or changes a list; returns it with its id. `by`: the user who does it."""
        name, colour = typed(plate_list.name), plate_list.colour.strip()
        if not 1 <= len(name) <= 60 or not is_printable(name):
            raise unfit("name", "List name", "must be 1 to 60 printable characters")
        if colour and not _is_colour(colour):
            raise unfit("colour", "List colour", "must be # and six hexadecimal digits")
        if plate_list.role not in LIST_ROLES:
            raise unfit("role", "List role", "must be one of {roles}", roles=LIST_ROLES)
        if plate_list.policy not in ("", *POLICIES):
            raise unfit("policy", "Barrier", "must be one of {policies}", policies=POLICIES)
        if not 0 <= plate_list.keep_days <= MOST_DAYS:
            raise unfit("keep_days", "Keep passages", "must be 0 to {most}", most=MOST_DAYS)
        with self._db.transaction():
            old = self.get(plate_list.id) if plate_list.id else None
            if (old and old.role) != plate_list.role and (plate_list.role in FIXED_ROLES or (old and old.role in FIXED_ROLES)):
                raise ConfigError("ALL PLATES and NOT IN LIST exist once; their role cannot be given or taken")
            keeps = old is not None and folded(old.name) == folded(name)  # earlier releases took "Gäste" beside "GÄSTE"
            if self._db.row("SELECT 1 FROM lists WHERE name = ? AND id <> ?", (name, plate_list.id)) or (
                not keeps and any(folded(each.name) == folded(name) for each in self() if each.id != plate_list.id)
            ):
                raise unfit("name", "List name", "there is a list {name} already", name=name)
            if old and plate_list.role == "black" != old.role:  # it has no places any more
                move_to_strangers(self._db, old.id)
            if old:
                self._db.execute("UPDATE lists SET name=?, role=?, colour=? WHERE id=?", (name, plate_list.role, colour, old.id))
                list_id = old.id
            else:
                sql = "INSERT INTO lists (name, role, colour) VALUES (?, ?, ?)"
                list_id = self._db.execute(sql, (name, plate_list.role, colour))
            saved = replace(plate_list, id=list_id, name=name, colour=colour)
            # After the role: whoever changes that alone gets the policy of the new one (engine/store/migrations.py).
            self._db.execute(
                "UPDATE lists SET policy=?, fuzzy=?, keep_days=? WHERE id=?",
                (saved.policy, int(saved.fuzzy), saved.keep_days, list_id),
            )
            self._changes.add(by, "list", saved.id, _values(old) if old else None, _values(saved))
            return saved

    def delete(self, list_id: int, by: str) -> None:
        """With its entries and rules; passages keep its name. Its entries count no more from now on, and are freed in small steps
        (engine/store/imports.py)."""
        with self._db.transaction(cascade=False):
            before = self.get(list_id)
            if before.role in FIXED_ROLES:
                raise ConfigError("ALL PLATES and NOT IN LIST cannot be deleted")
            self._db.execute("DELETE FROM rule_results WHERE rule_id IN (SELECT id FROM rules WHERE list_id = ?)", (list_id,))
            self._db.execute("DELETE FROM rules WHERE list_id = ?", (list_id,))
            self._db.execute("DELETE FROM jobs WHERE list_id = ?", (list_id,))
            move_to_strangers(self._db, list_id)
            self._db.execute("DELETE FROM lists WHERE id = ?", (list_id,))
            self._db.execute(
                "INSERT OR REPLACE INTO imports (list_id, generation, phase, steps) VALUES (?, -1, 'gone', 0)", (list_id,)
            )
            self._changes.add(by, "list", list_id, _values(before), None)


@lru_cache(maxsize=64)
def plate_list(list_id: int, name: str, role: str, colour: str, policy: str, fuzzy: int, keep_days: int | None) -> PlateList:
    """Of the values of COLUMNS. Remembered: every car asks for all of them, and they hardly ever change."""
    return PlateList(list_id, name, role, colour, policy, bool(fuzzy), keep_days or 0)


def plate_list_of(row: Row, list_id: int) -> PlateList:
    return plate_list(list_id, row["name"], row["role"], row["colour"], row["policy"], row["fuzzy"], row["keep_days"])


def _values(plate_list: PlateList) -> dict[str, Any]:
    return {
        "name": plate_list.name,
        "role": plate_list.role,
        "colour": plate_list.colour,
        "policy": plate_list.barrier,
        "fuzzy": plate_list.fuzzy,
        "keep_days": plate_list.keep_days,
    }


def _is_colour(text: str) -> bool:
    return len(text) == 7 and text[0] == "#" and all(digit in "0123456789abcdefABCDEF" for digit in text[1:])
