"""Occupancy: the tables `inside` and `places`: which vehicles are counted as inside, by the list that they are on. In
`counters`: which reports of other cameras were counted."""

from __future__ import annotations

from datetime import datetime
from sqlite3 import Row

from board.kit.clock import CLOCK_KNOWN
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from engine.lists import comparable, fold, normalise, variants
from engine.store.changes import Changes
from engine.store.database import Database
from engine.store.rows import marks, stamp
from engine.types import FIXED_ROLES

STRANGERS = 0
"""Stands for plates on no list."""

MOST = 1_000_000

MOST_REPORTS = 256
"""Of other cameras, by which a repetition is known."""

_REPORT = "told "
_REPORTS = f"{_REPORT}*"

BY_TIME = "schedule"
"""Who did it, as `changes` says, where nobody did it by hand."""


@dataclass(frozen=True, slots=True)
class Places:
    """`list_id` STRANGERS and `name` "": of plates on no list. `capacity` 0: no limit; `count`: how many are inside; `drift`: how
    often since the last reset something did not fit (a vehicle left that had not come in): the count may be wrong by so much."""

    list_id: int
    name: str
    capacity: int
    count: int
    drift: int


class Occupancy:
    """Called, it gives the places of every list that holds plates, and those of strangers last."""

    def __init__(self, db: Database, changes: Changes) -> None:
        self._db = db
        self._changes = changes

    def __call__(self) -> list[Places]:
        sql = (
            f"SELECT id, name FROM lists WHERE role NOT IN ({marks(FIXED_ROLES)}) AND role <> 'black' "
            f"UNION ALL SELECT {STRANGERS}, ''"
        )
        lists = self._db.rows(sql, FIXED_ROLES)
        inside = dict(map(tuple, self._db.rows("SELECT list_id, count(*) FROM inside GROUP BY list_id")))
        known = {row["list_id"]: row for row in self._db.rows("SELECT list_id, capacity, correction, drift FROM places")}
        return [_places(each["id"], each["name"], known.get(each["id"]), inside.get(each["id"], 0)) for each in lists]

    def of(self, list_id: int, name: str = "") -> Places:
        """One list's."""
        row = self._db.row("SELECT capacity, correction, drift FROM places WHERE list_id = ?", (list_id,))
        return _places(list_id, name, row, self._inside(list_id))

    def total(self) -> int:
        """How many are inside, of all lists."""
        sql = "SELECT (SELECT count(*) FROM inside) + (SELECT coalesce(sum(correction), 0) FROM places) AS number"
        return max(0, int(self._db.rows(sql)[0]["number"]))

    def since(self, plate: str, sure: bool = False) -> datetime | None:
        """When the plate came in; None: it is not inside. A character may have been read wrongly at one of the two times, but not
        of one that is `sure`: it stands on a list, letter by letter."""
        row = self._find(plate, sure)
        return row[1] if row else None

    def enter(self, plate: str, list_id: int, at: datetime, sure: bool = False) -> bool:
        """Counts a vehicle in; False: it was inside already, and is not counted twice. `sure`: as `since`. One without a plate that
        could be read is one more, as by hand."""
        with self._db.transaction():
            if not comparable(plate):
                self._correct(list_id, 1, at)
                return True
            known = self._find(plate, sure)
            if known is not None:
                self._drifted(list_id)
                self._db.execute("UPDATE inside SET since = max(since, ?) WHERE key = ?", (stamp(at), known[0]))
                return False
            sql = "INSERT OR REPLACE INTO inside (key, plate, list_id, since) VALUES (?, ?, ?, ?)"
            self._db.execute(sql, (comparable(plate), plate, list_id, stamp(at)))
        return True

    def leave(self, plate: str, list_id: int, at: datetime, sure: bool = False, now: datetime | None = None) -> bool:
        """Counts a vehicle out; False: it had not been counted in. One less is inside all the same. `sure`: as `since`, but that it
        may have come in under a wrong plate, which is on no list; `now`: when that is told, if later: who came in again meanwhile
        stays inside."""
        with self._db.transaction():
            if not comparable(plate) and self.of(list_id).count:
                self._correct(list_id, -1, at)
                return True
            known = self._find(plate) if not sure else self._find(plate, sure) or self._find_misread(plate)
            if known is not None and at < known[1] <= (now or at):
                return True
            if known is not None:
                self._db.execute("DELETE FROM inside WHERE key = ?", (known[0],))
                _level(self._db)
                return True
            self._drifted(list_id)
            if self.of(list_id).count:
                self._correct(list_id, -1, at)
        return False

    def fits_after_all(self, list_id: int, lowered: int, at: datetime) -> None:
        """A vehicle that left then, which `leave` had not found inside, had come in before, as is told only now. `lowered`: by how
        much the count is less for it."""
        with self._db.transaction():
            if self._db.row(_COUNTED_SINCE, (stamp(at), list_id)) is not None:
                return
            sql = "UPDATE places SET correction = correction + ?, drift = max(0, drift - 1) WHERE list_id = ?"
            self._db.execute(sql, (lowered, list_id))

    def is_new(self, report: str) -> bool:
        """In the transaction that counts what another camera reported: False if it was counted before, by whatever process."""
        name = f"{_REPORT}{report}"
        if self._db.row("SELECT 1 FROM counters WHERE name = ?", (name,)) is not None:
            return False
        number = int(
            self._db.rows("SELECT coalesce(max(value), 0) + 1 AS next FROM counters WHERE name GLOB ?", (_REPORTS,))[0]["next"]
        )
        self._db.execute("INSERT INTO counters (name, value) VALUES (?, ?)", (name, number))
        self._db.execute("DELETE FROM counters WHERE name GLOB ? AND value <= ?", (_REPORTS, number - MOST_REPORTS))
        return True

    def drifted(self) -> None:
        """A vehicle came in or left that no plate stands for."""
        with self._db.transaction():
            self._drifted(STRANGERS)

    def put(self, list_id: int, capacity: int | None, count: int | None, by: str, at: datetime) -> Places:
        """Sets the places of a list, or corrects its count by hand; ConfigError when a number is out of range."""
        for number in (capacity, count):
            if number is not None and not 0 <= number <= MOST:
                raise ConfigError("must be 0 to {most}", most=MOST)
        with self._db.transaction():
            before = self.of(list_id)
            self._db.execute("INSERT OR IGNORE INTO places (list_id) VALUES (?)", (list_id,))
            if capacity is not None:
                self._db.execute("UPDATE places SET capacity = ? WHERE list_id = ?", (capacity, list_id))
            if count is not None:
                correction = count - self._inside(list_id)
                sql = "UPDATE places SET correction = ?, drift = 0, since = ? WHERE list_id = ?"
                self._db.execute(sql, (correction, stamp(at), list_id))
            after = self.of(list_id)
            self._changes.add(by, "places", list_id, _values(before), _values(after))
        return after

    def reset(self, by: str) -> None:
        """Nobody is inside, from now on."""
        with self._db.transaction():
            before = self.total()
            self._db.execute("DELETE FROM inside")
            self._db.execute("UPDATE places SET correction = 0, drift = 0")
            self._changes.add(by, "places", 0, {"inside": before}, {"inside": 0, "reset": True})

    def forget(self, before: datetime, now: datetime) -> int:
        """Who came in before then is inside no more, and what was corrected before does not count; how many are inside less. Who
        came in by a clock that was ahead, or not set, came in `now`: nobody waits until that time comes, or goes at once."""
        wrong = "since > ?1 OR since > '' AND since < ?2"
        for table in ("inside", "places"):
            if self._db.row(f"SELECT 1 FROM {table} WHERE {wrong}", (stamp(now), stamp(CLOCK_KNOWN))) is not None:
                self._db.execute(f"UPDATE {table} SET since = ?1 WHERE {wrong}", (stamp(now), stamp(CLOCK_KNOWN)))
        old = "SELECT 1 FROM inside WHERE since < ?1 UNION ALL SELECT 1 FROM places WHERE correction <> 0 AND since < ?1"
        if self._db.row(old, (stamp(before),)) is None:
            return 0
        with self._db.transaction():
            inside = self.total()
            self._db.execute("DELETE FROM inside WHERE since < ?", (stamp(before),))
            self._db.execute("UPDATE places SET correction = 0, drift = 0 WHERE since < ?", (stamp(before),))
            _level(self._db)
            left = self.total()
            self._changes.add(BY_TIME, "places", 0, {"inside": inside}, {"inside": left, "before": stamp(before)})
        return inside - left

    def known_since(self, plate: str) -> datetime | None:
        """When the vehicle with exactly this plate came in; None: no such plate is kept."""
        row = self._exactly(plate)
        return datetime.fromisoformat(row["since"]) if row else None

    def unname(self, plate: str) -> None:
        """The vehicle stays counted, its plate is kept no more: it is one by hand, of the time when it came in."""
        with self._db.transaction():
            row = self._exactly(plate)
            if row is None:
                return
            self._db.execute("DELETE FROM inside WHERE key = ?", (comparable(plate),))
            self._correct(row["list_id"], 1, datetime.fromisoformat(row["since"]))

    def _exactly(self, plate: str) -> Row | None:
        row = self._db.row("SELECT plate, list_id, since FROM inside WHERE key = ?", (comparable(plate),))
        return row if row is not None and normalise(row["plate"]) == normalise(plate) else None

    def _inside(self, list_id: int) -> int:
        return int(self._db.rows("SELECT count(*) AS number FROM inside WHERE list_id = ?", (list_id,))[0]["number"])

    def _find(self, plate: str, sure: bool = False) -> tuple[str, datetime] | None:
        """(key, since): of the plate itself, else, unless it is `sure`, of one that looks alike but for one character."""
        key = comparable(plate)
        row = self._db.row("SELECT key, since FROM inside WHERE key = ?", (key,))
        return self._find_alike(key) if row is None and not sure else _key_and_since(row)

    def _find_misread(self, plate: str) -> tuple[str, datetime] | None:
        """(key, since) of one that looks alike and stands on no list."""
        return self._find_alike(comparable(plate), f"AND NOT EXISTS ({_LISTED})")

    def _find_alike(self, key: str, condition: str = "") -> tuple[str, datetime] | None:
        alike = tuple(fold(each) for each in variants(key))
        sql = f"SELECT key, since FROM inside WHERE key IN ({marks(alike)}) {condition} ORDER BY since LIMIT 1"
        return _key_and_since(self._db.row(sql, alike))

    def _correct(self, list_id: int, by: int, at: datetime) -> None:
        """One vehicle more or less that no plate stands for."""
        self._db.execute("INSERT OR IGNORE INTO places (list_id) VALUES (?)", (list_id,))
        sql = "UPDATE places SET correction = correction + ?, since = max(since, ?) WHERE list_id = ?"
        self._db.execute(sql, (by, stamp(at), list_id))

    def _drifted(self, list_id: int) -> None:
        sql = "INSERT INTO places (list_id, drift) VALUES (?, 1) ON CONFLICT (list_id) DO UPDATE SET drift = drift + 1"
        self._db.execute(sql, (list_id,))


def move_to_strangers(db: Database, list_id: int) -> None:
    """In the transaction that deletes the list, or makes it a blacklist. Its vehicles are inside all the same: counted for a list
    that is shown nowhere, they took places that nobody could give back."""
    row = db.row("SELECT correction, since FROM places WHERE list_id = ?", (list_id,))
    db.execute("UPDATE inside SET list_id = ? WHERE list_id = ?", (STRANGERS, list_id))
    db.execute("DELETE FROM places WHERE list_id = ?", (list_id,))
    if row is not None and row["correction"]:
        db.execute("INSERT OR IGNORE INTO places (list_id) VALUES (?)", (STRANGERS,))
        sql = "UPDATE places SET correction = correction + ?, since = max(since, ?) WHERE list_id = ?"
        db.execute(sql, (row["correction"], row["since"], STRANGERS))
        _level(db)


def _level(db: Database) -> None:
    """A correction takes away no more vehicles than are inside: one that left under another plate, and then under its own, would
    hide the next one that comes in."""
    inside = "(SELECT count(*) FROM inside i WHERE i.list_id = places.list_id)"
    db.execute(f"UPDATE places SET correction = -{inside} WHERE correction < -{inside}")


def _places(list_id: int, name: str, row: Row | None, inside: int) -> Places:
    capacity, correction, drift = (row["capacity"], row["correction"], row["drift"]) if row else (0, 0, 0)
    return Places(list_id, name, capacity, max(0, inside + correction), drift)


_COUNTED_SINCE = (
    "SELECT 1 FROM changes WHERE subject = 'places' AND at >= ?1 AND item_id IN (0, ?2) "
    "AND coalesce(json_extract(after, '$.before'), '9') > ?1 "
    "AND json_extract(before, '$.inside') IS NOT json_extract(after, '$.inside')"
)
"""The count was set anew since, by hand or as nobody of before is inside any more."""

_LISTED = (
    "SELECT 1 FROM entries e JOIN lists l ON l.id = abs(e.list_id) AND l.generation = e.generation "
    "WHERE e.folded = inside.key AND e.wildcard = 0"
)


def _key_and_since(row: Row | None) -> tuple[str, datetime] | None:
    return None if row is None else (row["key"], datetime.fromisoformat(row["since"]))


def _values(places: Places) -> dict[str, int]:
    return {"capacity": places.capacity, "inside": places.count}
