"""Entries: the table `entries`: the plates of the lists, with validity, Wiegand number and whose they are.

A list's entries are those of its generation. They lie under the list's number; while an import is under way (`imports`), those of
the coming or of the present generation may lie under that number with a minus (engine/store/imports.py)."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import datetime
from sqlite3 import Row
from typing import Any
from zoneinfo import ZoneInfo

from board.kit.errors import ConfigError
from board.kit.from_json import from_json
from board.kit.settings import Problem, SettingsError, unfit
from board.kit.typed import is_printable, typed
from engine import lists as matching
from engine.lists.collisions import STORED_BITS, Collision, find_collisions, numbers
from engine.store.changes import Changes
from engine.store.database import Database, Values
from engine.store.lists import COLUMNS as LIST_COLUMNS
from engine.store.lists import Known, Lists, plate_list
from engine.store.rows import marks, part, stamp
from engine.types import ALWAYS, WILDCARDS, ListEntry, Match, PlateList, WeekSchedule
from engine.week import schedule

MAX_PLATE = 20
MAX_DESCRIPTION = 200
MAX_OWNER = 100
MAX_EMAIL = 254
"""RFC 5321, section 4.5.3.1.3, without the brackets around it."""
MAX_GROUP = 60
MAX_WILDCARDS = 2000
"""In all lists: each is compared with every car."""
MAX_STARS = 3
"""Of one wildcard entry: comparing takes time that grows with the plate's length to that power."""
MAX_ENTRIES_LEFT = 9999
MAX_FACILITY = 0xFFFF
MAX_CARD = 0xFFFFFFFF
MAX_COLLISIONS = 1000

COLUMNS = (
    "list_id", "plate", "key", "folded", "description", "valid_from", "valid_until", "wiegand_facility", "wiegand_card",
    "number26", "number34", "owner", "email", "group_name", "week", "entries_left", "wildcard",
)  # fmt: skip

NUMBERED = "number26 IS NOT NULL AND list_id > 0"
"""Entries in the index of Wiegand numbers. What an import writes comes into it after it is in force: numbers lie at random in the
index, so that each row of an import would have to write a page of it."""

SCANNED_TIMES = 4
"""All entries are gone through for those of one list where they are at most this many times as many."""

SEARCHED = ("description", "owner", "email", "group_name")

UTC = ZoneInfo("UTC")

CURRENT = "entries e JOIN lists l ON l.id = abs(e.list_id) AND l.generation = e.generation"
"""The entries of all lists, whatever import is under way."""

FIELDS = (
    "l.id, e.id, e.plate, e.description, e.valid_from, e.valid_until, e.wiegand_facility, e.wiegand_card, e.owner, e.email, "
    "e.group_name, e.week, e.entries_left"
)
"""Of an entry, and its list, for `_entry`: by place, which takes half the time of names."""

ENTRIES = f"SELECT {FIELDS} FROM {CURRENT}"
"""Entries without their lists."""

WITH_LISTS = f"SELECT {FIELDS}, {LIST_COLUMNS} FROM {CURRENT}"
"""Entries with their lists, for `_candidate`."""

MARK = f"SELECT value{', NULL' * FIELDS.count(',')} FROM lists_mark"
"""First row of a look-up: it tells whether the lists are still those that are known, at the moment of which the entries are. To ask
for the lists themselves took a quarter of a look-up's time."""

ALIKE = f"{MARK} UNION ALL {ENTRIES} WHERE e.folded = ?1 UNION ALL {ENTRIES} WHERE e.wildcard = 1 AND ?1 GLOB e.folded"
ALIKE_EXACTLY = (
    f"{MARK} UNION ALL {ENTRIES} WHERE e.folded = ?1 AND e.key = ?2 "
    f"UNION ALL {ENTRIES} WHERE e.wildcard = 1 AND ?1 GLOB e.folded AND ?2 GLOB e.key"
)


class Entries:
    """Called, it gives the entries of a list whose plate contains `search`, or one of the texts in SEARCHED, by plate; look-alikes
    count as the same with `fold`."""

    def __init__(self, db: Database, lists: Lists, changes: Changes, checks: Callable[[int], Callable[[ListEntry], None]]) -> None:
        self._db = db
        self._lists = lists
        self._changes = changes
        self._checks = checks
        self._known = Known()

    def __call__(self, list_id: int, search: str = "", limit: int = 100, offset: int = 0, fold: bool = True) -> list[ListEntry]:
        return self.found(list_id, search, limit, offset, fold)[1]

    def found(
        self, list_id: int, search: str = "", limit: int = 100, offset: int = 0, fold: bool = True
    ) -> tuple[int, list[ListEntry]]:
        """(How many there are, those of this page): the list is gone through once for both."""
        if not search.strip() and self._is_settled(list_id):
            sql = "SELECT * FROM entries WHERE list_id = ? ORDER BY key LIMIT ? OFFSET ?"
            return self.count(list_id), [entry_of(row) for row in self._db.rows(sql, (list_id, limit, offset))]
        where, values = self._filter(list_id, search, fold)
        sql = f"SELECT id, count(*) OVER () AS count FROM entries WHERE {where} ORDER BY key LIMIT ? OFFSET ?"
        rows = self._db.rows(sql, (*values, limit, offset))
        if not rows:  # perhaps there are some, but not so many
            return (self.count(list_id, search, fold) if offset else 0), []
        sql = f"SELECT * FROM entries WHERE id IN ({marks(rows)}) ORDER BY key"
        return rows[0]["count"], [entry_of(row) for row in self._db.rows(sql, [row["id"] for row in rows])]

    def count(self, list_id: int, search: str = "", fold: bool = True) -> int:
        if not search.strip() and self._is_settled(list_id):
            return int(self._db.rows("SELECT count(*) FROM entries WHERE list_id = ?", (list_id,))[0][0])
        where, values = self._filter(list_id, search, fold)
        return int(self._db.rows(f"SELECT count(*) FROM entries WHERE {where}", values)[0][0])

    def ids(self, list_id: int, search: str, most: int, fold: bool = True) -> list[int]:
        """Of those that `found` gives; `most` + 1 when there are more."""
        where, values = self._filter(list_id, search, fold)
        rows = self._db.rows(f"SELECT id FROM entries WHERE {where} ORDER BY key LIMIT ?", (*values, most + 1))
        return [row["id"] for row in rows]

    def get(self, entry_id: int) -> ListEntry | None:
        row = self._db.row(f"SELECT e.* FROM {CURRENT} WHERE e.id = ?", (entry_id,))
        return None if row is None else entry_of(row)

    def at(self, list_id: int, plate: str) -> ListEntry | None:
        """The entry of that very plate, however it is written."""
        sql = f"SELECT e.* FROM {CURRENT} WHERE e.list_id IN (?, ?) AND e.key = ?"
        row = self._db.row(sql, (list_id, -list_id, matching.normalise(plate)))
        return None if row is None else entry_of(row)

    def save(self, entry: ListEntry, by: str) -> ListEntry:
        """Creates (id 0) or changes an entry; returns it with its id. A plate stands once in a list. `by`: the user who does it."""
        entry = checked(entry)
        values = values_of(entry)
        key = matching.normalise(entry.plate)
        with self._db.transaction():
            owner = self._lists.to_fill(entry.list_id)
            self._checks(entry.list_id)(entry)
            same = self.at(entry.list_id, entry.plate)
            if same and same.id != entry.id:
                raise unfit("plate", "Plate", "{plate} is in {list_name} already", plate=entry.plate, list_name=owner.name)
            before = self.get(entry.id) if entry.id else None
            if entry.id and before is None:
                raise ConfigError("this plate was deleted")
            if entry.is_wildcard and not (before and before.is_wildcard):
                self.check_wildcards(1)
            # What an import left behind may still hold the place of this plate.
            self._db.execute("DELETE FROM entries WHERE list_id = ? AND key = ? AND id <> ?", (entry.list_id, key, entry.id))
            if before is None:
                entry = replace(entry, id=self._insert(values, self._lists.generation(entry.list_id)))
            else:
                self._db.execute(
                    f"UPDATE entries SET {', '.join(f'{name} = ?' for name in COLUMNS)}, generation = ?, revision = revision + 1 "
                    "WHERE id = ?",
                    (*values, self._lists.generation(entry.list_id), entry.id),
                )
            self._changes.add(by, "entry", entry.id, _shown_values(before) if before else None, _shown_values(entry))
            return entry

    def wildcards(self) -> list[tuple[int, str, str]]:
        """(List, folded key, plate) of those in all lists."""
        sql = f"SELECT l.id, e.folded, e.plate FROM {CURRENT} WHERE e.wildcard = 1"
        return [(row["id"], row["folded"], row["plate"]) for row in self._db.rows(sql)]

    def check_wildcards(self, more: int) -> None:
        """ConfigError when so many `more` were too many in all lists."""
        if len(self.wildcards()) + more > MAX_WILDCARDS:
            raise unfit("plate", "Plate", "there are at most {most} plates with ? or * in all lists", most=MAX_WILDCARDS)

    def _insert(self, values: tuple[Any, ...], generation: int) -> int:
        sql = f"INSERT INTO entries ({', '.join(COLUMNS)}, generation, revision) VALUES ({marks(values)}, ?, 1)"
        return self._db.execute(sql, (*values, generation))

    def delete(self, entry_id: int, by: str) -> None:
        with self._db.transaction():
            before = self.get(entry_id)
            if before is None:
                return
            self._db.execute("DELETE FROM entries WHERE id = ?", (entry_id,))
            self._changes.add(by, "entry", entry_id, _shown_values(before), None)

    def find(self, plate: str, at: datetime, fold: bool, zone: ZoneInfo) -> matching.Finding:
        """What the lists say of `plate` at `at`, by the clock of `zone` (engine/lists/matching.py). `fold`: look-alikes (O and 0, I
        and 1) count as the same."""
        key = matching.normalise(plate)
        folded = matching.fold(key)
        sql, values = (ALIKE, (folded,)) if fold else (ALIKE_EXACTLY, (folded, key))
        known = self._known
        while (rows := self._db.rows(sql, values))[0][0] != known.mark:
            known = self._known = self._lists.known()
        alike = [(known.lists[row[0]], _entry(row)) for row in rows[1:]]
        return matching.find(key, at, zone, known.lists.values(), alike, lambda: self._neighbours(key, fold))

    def lookup(self, plate: str, at: datetime, fold: bool, zone: ZoneInfo = UTC) -> tuple[Match, ...]:
        """The lists that `plate` belongs to at `at`."""
        return self.find(plate, at, fold, zone).matches

    def spend(self, entry_id: int) -> bool:
        """One of its entries less, in the caller's transaction; False when none is left, or the entry is gone."""
        sql = "UPDATE entries SET entries_left = entries_left - 1 WHERE id = ? AND entries_left > 0"
        return self._db.execute(sql, (entry_id,)) > 0

    def _neighbours(self, key: str, fold: bool) -> list[tuple[PlateList, ListEntry]]:
        """Entries that are one confusion away (engine/lists/confusions.py)."""
        keys = matching.variants(matching.fold(key) if fold else key)
        folded = tuple({matching.fold(each) for each in keys})
        if fold:
            return self._candidates(f"{WITH_LISTS} WHERE e.folded IN ({marks(folded)})", folded)
        sql = f"{WITH_LISTS} WHERE e.folded IN ({marks(folded)}) AND e.key IN ({marks(keys)})"
        return self._candidates(sql, (*folded, *keys))

    def _candidates(self, sql: str, values: Values) -> list[tuple[PlateList, ListEntry]]:
        return [_candidate(row) for row in self._db.rows(sql, values)]

    def collisions(self, list_id: int = 0, bits: int = 26) -> list[Collision]:
        """Plates that would send the same Wiegand number in frames of so many bits, in one list or (0) in all; the first 1000.
        Those of an import count once it is settled."""
        if bits in STORED_BITS:
            alike = ", ".join(STORED_BITS[bits])
            twice = f"SELECT {alike} FROM entries WHERE {NUMBERED} GROUP BY {alike} HAVING count(*) > 1"
            condition = (  # in two steps: to compare the texts of all takes four times as long
                f"{NUMBERED} AND ({alike}) IN (SELECT {alike} FROM entries WHERE {NUMBERED} AND ({alike}) IN ({twice}) "
                f"GROUP BY {alike} HAVING min(key) <> max(key) LIMIT {MAX_COLLISIONS})"
            )
        else:  # the plate code: two differ wherever their plates do, but in characters that it cannot say
            condition = "e.key GLOB '*[^A-Z0-9]*'"
        sql = f"{WITH_LISTS} WHERE {condition} ORDER BY e.id"
        entries = [entry for owner, entry in self._candidates(sql, ()) if list_id in (0, owner.id)]
        return find_collisions(entries, bits)[:MAX_COLLISIONS]

    def having(self, folded: Collection[str]) -> dict[str, list[tuple[int, str, str]]]:
        """{folded key: [(list, key, plate)]} of those entries that have one of these keys."""
        sql = (
            "SELECT e.folded, l.id, e.key, e.plate FROM json_each(?) s CROSS JOIN entries e ON e.folded = s.value "
            "JOIN lists l ON l.id = abs(e.list_id) AND l.generation = e.generation ORDER BY e.id"
        )
        found: dict[str, list[tuple[int, str, str]]] = {}
        for row in self._db.rows(sql, (json.dumps(list(folded)),)):
            found.setdefault(row["folded"], []).append((row["id"], row["key"], row["plate"]))
        return found

    def spread(self, list_id: int, most: int) -> dict[str, str]:
        """{key: plate} of a list without its wildcards, evenly chosen when there are more than `most`."""
        where, values = self._of_list(list_id)
        step = max(1, -(-self.count(list_id) // most))
        sql = f"SELECT key, plate FROM entries WHERE {where} AND wildcard = 0 AND id % ? = 0 LIMIT ?"
        return {row["key"]: row["plate"] for row in self._db.rows(sql, (*values, step, most))}

    def extremes(self, list_id: int) -> list[ListEntry]:
        """Those entries of a list that are the first not to fit a format: of the greatest numbers, and of the longest plate."""
        where, values = self._of_list(list_id)
        orders = ("wiegand_facility DESC", "wiegand_card DESC", "length(key) DESC")
        rows = [self._db.row(f"SELECT * FROM entries WHERE {where} ORDER BY {order} LIMIT 1", values) for order in orders]
        return [entry_of(row) for row in rows if row is not None]

    @contextmanager
    def snapshot(self) -> Iterator[Callable[[int], Iterator[ListEntry]]]:
        """Gives a function that goes through a list's entries by key, all lists as they are at this moment."""
        with self._db.snapshot() as read:

            def entries(list_id: int) -> Iterator[ListEntry]:
                # Not by `CURRENT`: what goes through a whole list wants its index.
                generation = next(read("SELECT generation FROM lists WHERE id = ?", (list_id,)), (0,))[0]
                phase = next(read("SELECT phase FROM imports WHERE list_id = ?", (list_id,)), ("",))[0]
                where = "list_id IN (?, -?)" if phase in ("clearing", "moving") else "list_id = ?"
                values = (list_id,) * where.count("?")
                sql = f"SELECT * FROM entries WHERE {where} AND generation = ? ORDER BY key"
                return map(entry_of, read(sql, (*values, generation)))

            yield entries

    def mark(self) -> str:
        """Differs from an earlier one if something of any list, or of the settings, may have changed since."""
        sql = "SELECT max(rowid) FROM changes WHERE subject IN ('entry', 'import', 'list', 'settings')"
        guests = "SELECT count(*), total(entries_left) FROM entries WHERE entries_left IS NOT NULL"
        return ":".join(str(value) for row in (*self._db.rows(sql), *self._db.rows(guests)) for value in row)

    def used(self, list_ids: Iterable[int]) -> frozenset[str]:
        """Those fields beyond plate, description and validity in which something stands for an entry of these lists."""
        ids = tuple(list_ids)
        both = (*ids, *(-each for each in ids))
        sql = ", ".join(f'max({condition}) AS "{name}"' for name, condition in _SAID.items())
        row = self._db.rows(f"SELECT {sql} FROM entries WHERE list_id IN ({marks(both)})", both)[0]
        return frozenset(name for name in _SAID if row[name])

    def _is_settled(self, list_id: int) -> bool:
        """Whether no import is under way: all entries under the list's number are its own then."""
        return self._db.row("SELECT 1 FROM imports WHERE list_id = ?", (list_id,)) is None

    def _of_list(self, list_id: int) -> tuple[str, tuple[Any, ...]]:
        """The condition for what compares every entry of a list. They are read in the order in which they lie in the file: in that
        of their plates, as the index has them, each would be a page of its own to read, which takes ten times as long."""
        numbers = (list_id,) if self._is_settled(list_id) else (list_id, -list_id)
        share = f"SELECT count(*) FROM entries WHERE list_id IN ({marks(numbers)})"
        most = SCANNED_TIMES * int(self._db.rows(share, numbers)[0][0])
        if self._db.row("SELECT 1 FROM entries LIMIT 1 OFFSET ?", (most,)) is None:
            where = f"+list_id IN ({marks(numbers)})"
        else:
            where = f"id IN (SELECT id FROM entries WHERE list_id IN ({marks(numbers)}))"
        if len(numbers) == 1:
            return where, numbers
        return f"{where} AND generation = (SELECT generation FROM lists WHERE id = ?)", (*numbers, list_id)

    def _filter(self, list_id: int, search: str, fold: bool) -> tuple[str, tuple[Any, ...]]:
        where, values = self._of_list(list_id)
        search = typed(search)
        if not search:
            return where, values
        key = matching.normalise(search)
        column, text = ("folded", matching.fold(key)) if fold else ("key", key)
        parts = [part(each) for each in _in_any_case(search)]
        like = " OR ".join(["{name} LIKE ? ESCAPE '\\'"] * len(parts))
        texts = " OR ".join(f"({name} <> '' AND ({like.format(name=name)}))" for name in SEARCHED)  # most are empty
        found = f"{where} AND (instr({column}, ?) > 0 OR {texts})"
        return found, (*values, text or search, *parts * len(SEARCHED))


def _in_any_case(text: str) -> tuple[str, ...]:
    """To SQLite's LIKE only letters of ASCII are the same in capitals: others are looked for as people write them, and as earlier
    releases kept what a Mac took apart."""
    if text.isascii():
        return (text,)
    said = (text, text.lower(), text.upper(), text.title())
    return tuple(dict.fromkeys((*said, *(unicodedata.normalize("NFD", each) for each in said))))


_SAID = {
    "wiegand_facility": "wiegand_facility IS NOT NULL",
    "wiegand_card": "wiegand_card IS NOT NULL",
    "owner": "owner <> ''",
    "email": "email <> ''",
    "group": "group_name <> ''",
    "week": "week <> ''",
    "entries_left": "entries_left IS NOT NULL",
}
"""Field: the condition under which something stands in it."""


def _candidate(row: Row) -> tuple[PlateList, ListEntry]:
    """Of a row of WITH_LISTS."""
    fields = len(row) - LIST_COLUMNS.count(",") - 1
    return plate_list(*row[fields:]), _entry(row[:fields])


def _entry(fields: Row | Sequence[Any]) -> ListEntry:
    """Of the values of FIELDS."""
    of, number, plate, about, since, until, facility, card, owner, email, group, week, left = fields
    moments = datetime.fromisoformat(since), datetime.fromisoformat(until)
    return ListEntry(number, of, plate, about, *moments, facility, card, owner, email, group, _week(week), left)


def entry_of(row: Row | Mapping[str, Any]) -> ListEntry:
    return ListEntry(
        id=row["id"],
        list_id=abs(row["list_id"]),
        plate=row["plate"],
        description=row["description"],
        valid_from=datetime.fromisoformat(row["valid_from"]),
        valid_until=datetime.fromisoformat(row["valid_until"]),
        wiegand_facility=row["wiegand_facility"],
        wiegand_card=row["wiegand_card"],
        owner=row["owner"],
        email=row["email"],
        group=row["group_name"],
        week=_week(row["week"]),
        entries_left=row["entries_left"],
    )


def _week(text: str) -> WeekSchedule:
    if not text:
        return ALWAYS
    return WeekSchedule(tuple(tuple((span[0], span[1]) for span in day) for day in from_json(text)))


def values_of(entry: ListEntry) -> tuple[Any, ...]:
    """In the order of COLUMNS."""
    key = matching.normalise(entry.plate)
    sends = not entry.is_wildcard or entry.wiegand_card is not None
    return (
        entry.list_id, entry.plate, key, matching.fold(key), entry.description,
        stamp(entry.valid_from), stamp(entry.valid_until), entry.wiegand_facility, entry.wiegand_card,
        *(numbers(key, entry.wiegand_facility, entry.wiegand_card) if sends else (None, None)),
        entry.owner, entry.email, entry.group, "" if entry.week == ALWAYS else json.dumps(entry.week.days),
        entry.entries_left, int(entry.is_wildcard),
    )  # fmt: skip


def checked(entry: ListEntry) -> ListEntry:
    """The entry as it is stored; ConfigError says what is wrong with it."""
    plate, texts = _shown(entry.plate), _checked_texts(entry)
    _check_plate(plate)
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
    if entry.entries_left is not None and not 0 <= entry.entries_left <= MAX_ENTRIES_LEFT:
        raise unfit("entries_left", "Entries left", "must be 0 to {highest}, or empty", highest=MAX_ENTRIES_LEFT)
    try:
        week = schedule(entry.week.days) if entry.week != ALWAYS else ALWAYS
    except ConfigError as why:
        raise SettingsError(Problem("week", "Weekly hours", why.text)) from why
    found = {"plate": plate, "week": week, **texts}
    is_same = (entry.plate, entry.week, entry.description, entry.owner, entry.email, entry.group) == (plate, week, *texts.values())
    return entry if is_same else replace(entry, **found)


def _check_plate(plate: str) -> None:
    key = matching.normalise(plate)
    if not key.isalnum() and (wrong := matching.stray(key)):
        raise unfit("plate", "Plate", matching.STRAY, character=wrong)
    if not key.strip(WILDCARDS) or len(plate) > MAX_PLATE:
        raise unfit(
            "plate", "Plate", "must be 1 to {longest} letters and digits; spaces, hyphens and dots do not count", longest=MAX_PLATE
        )
    if key.count("*") > MAX_STARS:
        raise unfit("plate", "Plate", "may hold {most} of the character * at most", most=MAX_STARS)


_TEXTS = (
    ("description", "Description", MAX_DESCRIPTION),
    ("owner", "Owner", MAX_OWNER),
    ("email", "E-mail", MAX_EMAIL),
    ("group", "Group", MAX_GROUP),
)


def _checked_texts(entry: ListEntry) -> dict[str, Any]:
    texts: dict[str, Any] = {}
    for field, title, longest in _TEXTS:
        text = typed(getattr(entry, field))
        if not text:
            texts[field] = ""
            continue
        if len(text) > longest or not is_printable(text.replace("\n", "")):
            raise unfit(field, title, "must be at most {longest} printable characters", longest=longest)
        texts[field] = text
    if texts["email"] and not _ADDRESS.fullmatch(texts["email"]):
        raise unfit("email", "E-mail", "must be one address such as anna@example.org")
    return texts


_ADDRESS = re.compile(r"[^\s@<>\",;:()\[\]\\]+@[^\s@<>\",;:()\[\]\\]+")
"""One address without a name and without what a list of addresses or a header is written with (RFC 5322)."""


def _shown(plate: str) -> str:
    """A plate as it is kept for people: in one line and upper case, without what nobody sees; wildcards as they are compared."""
    if plate.isascii() and plate.isprintable() and "*" not in plate:
        return plate.upper().strip()
    seen = "".join(each for each in plate.upper() if unicodedata.category(each) != "Cf")
    text = _BLANKS.sub(" ", seen).strip()
    return _STARS.sub("*", text.translate(_WIDE))


_WIDE = str.maketrans("？＊﹖﹡", "?*?*")
_BLANKS = re.compile(r"\r\n|\s")
"""A line end among them, as in a spreadsheet's cell for a plate of two rows."""
_STARS = re.compile(r"\*+")


def _shown_values(entry: ListEntry) -> Mapping[str, Any]:
    """As `changes` keeps it."""
    values = {each.name: getattr(entry, each.name) for each in fields(entry) if each.name != "id"}  # asdict() would copy each value
    values |= {name: stamp(value) for name, value in values.items() if isinstance(value, datetime)}
    return {**values, "week": [] if entry.week == ALWAYS else entry.week.days}
