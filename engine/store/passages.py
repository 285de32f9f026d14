"""Passages: the tables `passages`, `passage_lists` (the lists that a passage matched when it was stored) and `passage_reads`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from sqlite3 import Row
from typing import Any

from board.kit.clock import CLOCK_KNOWN
from board.kit.dataclass import dataclass
from board.kit.from_json import from_json
from board.kit.words import from_stored, to_stored
from engine import lists as matching
from engine.store.database import Database
from engine.store.entries import entry_of
from engine.store.lists import plate_list_of
from engine.store.migrations import folded_of, place_of
from engine.store.queries import MAX_COUNTED, MAX_ROWS, PassagePage, PassageQuery, StoredPassage
from engine.store.rows import at_most, marks, stamp, when
from engine.store.search import HIGHEST, Kind, Search
from engine.types import UNDECIDED, Decision, Match, Passage, PassageImages, PlateList, PlateLook, SeenRead

COLUMNS = (
    "id", "plate", "key", "confidence", "country", "region", "lane", "direction", "char_height_px", "at", "monotonic_ns",
    "trigger_id", "trigger_cause", "votes", "box", "size", "image_full", "image_plate", "plate_colour", "plate_kind",
    "event", "unsure", "images_at", "look", "outcome", "reason",
)  # fmt: skip


CHUNK = 500

PLACE = f"{place_of('p')} AS place"

WAITING = "EXISTS (SELECT 1 FROM deliveries d WHERE d.passage_id = p.id AND d.finished_at IS NULL)"
"""A message of it is still to be delivered, perhaps with its picture."""

_LATER = "to delete: "
"""Before a passage's id: the name of a counter, which outlives a restart."""

UNCLEAN = "index to clean"
"""Name of a counter: parts of plates that were to be deleted are left in the index of the search (engine/store/upkeep.py)."""

_AFTER_CARD = "p.rowid > coalesce((SELECT max(passage_rowid) FROM on_card), 0)"
"""Its pictures are in the camera: they go to the card in the passages' order (engine/store/card.py)."""


@dataclass(frozen=True, slots=True)
class Pictured:
    """A passage with the names of its pictures, for what deletes them."""

    rowid: int
    at: str
    names: tuple[str, ...]


class Passages:
    """Called, it searches: newest first."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._search = Search(db)

    def __call__(self, query: PassageQuery) -> list[StoredPassage]:
        return self._stored(self._search.rowids(query, at_most(query.limit), 0))

    def last_stored(self, limit: int, after_rowid: int = 0) -> list[StoredPassage]:
        """Of those stored after that row, the last one first; their captures may be in another order."""
        sql = "SELECT rowid FROM passages WHERE rowid > ? ORDER BY rowid DESC LIMIT ?"
        return self._stored([row["rowid"] for row in self._db.rows(sql, (after_rowid, at_most(limit)))])

    def count(self, query: PassageQuery) -> tuple[int, bool]:
        """(How many, whether there are more): all are counted where the query bounds their time and list alone, else
        MAX_COUNTED at most, since plates have to be looked through."""
        if not (query.plate or query.of_kind):
            return self._search.count_all(query), False
        found, partial = self._search.count(query)
        return min(found, MAX_COUNTED), partial or found > MAX_COUNTED

    def page(self, query: PassageQuery, number: int, size: int) -> PassagePage:
        """The page `number` (from 1; the last one there is when it is beyond), of `size` rows."""
        if query.plate:  # what is looked through is looked through once
            found, partial = self._search.all(query)
            last = max(1, -(-min(len(found), MAX_COUNTED) // size))
            number = max(1, min(number, last))
            return PassagePage(tuple(self._stored(found[(number - 1) * size : number * size])), len(found), number, last, partial)
        total, partial = self._search.count(query)
        last = max(1, -(-min(total, MAX_COUNTED) // size))
        number = max(1, min(number, last))
        offset = (number - 1) * size
        if total <= MAX_COUNTED and offset > total // 2:  # nearer from the other end
            rowids = self._search.rowids(query, min(size, total - offset), max(0, total - offset - size), oldest_first=True)[::-1]
        else:
            rowids = self._search.rowids(query, size, offset)
        return PassagePage(tuple(self._stored(rowids)), total, number, last, partial)

    def oldest(self, query: PassageQuery, size: int) -> list[StoredPassage]:
        """The last `size` of a search, newest first."""
        return self._stored(self._search.rowids(query, size, 0, oldest_first=True)[::-1])

    def kinds(self) -> list[Kind]:
        """Lanes, directions and decisions that there are together."""
        return self._search.kinds()

    def after(self, rowid: int, limit: int) -> list[StoredPassage]:
        """Those stored after that row, oldest first."""
        sql = "SELECT rowid FROM passages WHERE rowid > ? ORDER BY rowid LIMIT ?"
        return self._stored([row["rowid"] for row in self._db.rows(sql, (rowid, limit))])

    def of_list(self, list_id: int, after_rowid: int, limit: int) -> list[StoredPassage]:
        """Those of a list, as it was then, that were stored after that row, oldest first."""
        sql = "SELECT passage_rowid FROM passage_lists WHERE list_id = ? AND passage_rowid > ? ORDER BY passage_rowid LIMIT ?"
        return self._stored([row["passage_rowid"] for row in self._db.rows(sql, (list_id, after_rowid, limit))])

    def of_key(self, key: str, before_rowid: int = 0, limit: int = MAX_ROWS) -> list[StoredPassage]:
        """Those whose normalised plate is exactly this, stored before that row (0: all), newest first."""
        sql = "SELECT rowid FROM passages WHERE key = ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"
        return self._stored([row["rowid"] for row in self._db.rows(sql, (key, before_rowid or HIGHEST, limit))])

    def ends(self) -> tuple[int, int]:
        """Rows of the oldest and the newest; (0, 0) when there is none."""
        sql = "SELECT (SELECT min(rowid) FROM passages) AS oldest, (SELECT max(rowid) FROM passages) AS newest"
        row = self._db.rows(sql)[0]
        return int(row["oldest"] or 0), int(row["newest"] or 0)

    def get(self, passage_id: str) -> StoredPassage | None:
        row = self._db.row("SELECT rowid FROM passages WHERE id = ?", (passage_id,))
        return self._stored([row["rowid"]])[0] if row else None

    def reads(self, passage_id: str) -> tuple[SeenRead, ...]:
        """Those of its car, in their order; () for passages of earlier releases."""
        sql = "SELECT reads FROM passage_reads WHERE passage_rowid = (SELECT rowid FROM passages WHERE id = ?)"
        row = self._db.row(sql, (passage_id,))
        return tuple(SeenRead(*each) for each in from_json(row["reads"])) if row else ()

    def looks(self, limit: int) -> list[Passage]:
        """The newest passages of which it is known how their plates were seen, newest first; among the newest ten times as many."""
        sql = "SELECT * FROM (SELECT * FROM passages ORDER BY rowid DESC LIMIT ?) WHERE look <> '' AND plate <> '' LIMIT ?"
        return [_passage(row) for row in self._db.rows(sql, (10 * limit, limit))]

    def newest_picture(self) -> Passage | None:
        """The newest passage that has a picture."""
        sql = "SELECT rowid FROM passages WHERE image_full <> '' OR image_plate <> '' ORDER BY rowid DESC LIMIT 1"
        row = self._db.row(sql)
        return self._stored([row["rowid"]])[0].passage if row else None

    def has(self, passage_id: str) -> bool:
        return self._db.row("SELECT 1 FROM passages WHERE id = ?", (passage_id,)) is not None

    def add(self, passage: Passage, matches: Sequence[Match], decision: Decision = UNDECIDED) -> None:
        """The caller's transaction keeps it together with its deliveries."""
        values = (*_values(passage), decision.outcome, to_stored(decision.reason) if decision.reason else "")
        rowid = self._db.execute(f"INSERT INTO passages ({', '.join(COLUMNS)}) VALUES ({marks(values)})", values)
        if passage.reads:
            reads = json.dumps([astuple(each) for each in passage.reads], ensure_ascii=False, separators=(",", ":"))
            self._db.execute("INSERT INTO passage_reads VALUES (?, ?)", (rowid, reads))
        self._db.execute_many(
            "INSERT INTO passage_lists (passage_rowid, list_id, name, role, colour, entry_id, distance) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (rowid, m.list.id, m.list.name, m.list.role, m.list.colour, m.entry.id if m.entry else None, m.distance)
                for m in matches
            ],
        )

    def decide(self, passage_id: str, decision: Decision) -> None:
        """What was decided in the end, about one that had to wait."""
        self._db.execute(
            "UPDATE passages SET outcome = ?, reason = ? WHERE id = ?", (decision.outcome, to_stored(decision.reason), passage_id)
        )

    def undecided(self, newest: int) -> list[str]:
        """Ids of those that wait for a decision, among the newest."""
        sql = "SELECT id FROM (SELECT id, outcome FROM passages ORDER BY rowid DESC LIMIT ?) WHERE outcome = 'waiting'"
        return [row["id"] for row in self._db.rows(sql, (newest,))]

    def matches(self, passage_id: str) -> tuple[Match, ...]:
        """The lists that a passage matched when it was stored; an entry deleted since is None. One that an import has replaced
        since is the new one of that plate."""
        current = "SELECT c.id FROM entries c JOIN lists l ON l.id = abs(c.list_id) AND l.generation = c.generation"
        here = "c.list_id IN (pl.list_id, -pl.list_id)"
        choices = ("c.id = pl.entry_id", f"{here} AND c.key = p.key", f"{here} AND c.folded = {folded_of('p')}")
        entry = ", ".join(f"({current} WHERE {choice})" for choice in choices)
        sql = (
            "SELECT m.list_id AS list, m.name, m.role, m.colour, coalesce(o.policy, '') AS policy, o.fuzzy, o.keep_days, "
            "m.distance, e.* FROM ("
            f"SELECT pl.*, CASE WHEN pl.entry_id IS NOT NULL THEN coalesce({entry}) END AS entry "
            "FROM passages p JOIN passage_lists pl ON pl.passage_rowid = p.rowid WHERE p.id = ?"
            ") m LEFT JOIN lists o ON o.id = m.list_id LEFT JOIN entries e ON e.id = m.entry ORDER BY m.list_id"
        )
        return tuple(
            Match(
                plate_list_of(row, row["list"]),
                None if row["id"] is None else entry_of(row),
                row["distance"],
            )
            for row in self._db.rows(sql, (passage_id,))
        )

    def oldest_pictured(self, limit: int) -> list[Pictured]:
        """The oldest passages that have pictures in the camera; those with deliveries that are not finished keep theirs."""
        sql = (
            "SELECT rowid, at, image_full, image_plate FROM passages p WHERE (image_full <> '' OR image_plate <> '') "
            f"AND {_AFTER_CARD} AND NOT {WAITING} ORDER BY rowid LIMIT ?"
        )
        return [pictured_of(row) for row in self._db.rows(sql, (limit,))]

    def newest_pictured(self) -> Passage | None:
        """The newest passage that has a picture of its plate, or else one of any kind; None: there is none."""
        for column in ("image_plate", "image_full"):
            sql = (
                "SELECT * FROM passages WHERE rowid = (SELECT max(rowid) FROM passages "
                f"WHERE (image_full <> '' OR image_plate <> '') AND {column} <> '')"
            )
            row = self._db.row(sql)
            if row is not None:
                return _passage(row)
        return None

    def forget_pictures(self, rowids: Sequence[int]) -> None:
        sql = f"UPDATE passages SET image_full = '', image_plate = '' WHERE rowid IN ({marks(rowids)})"
        self._db.execute(sql, rowids)

    def has_pictures(self, date: str) -> bool:
        """Whether a passage of that day of UTC ("2026-01-02") has pictures in the camera."""
        sql = (
            "SELECT 1 FROM passages p WHERE at >= ? AND at < ? AND (image_full <> '' OR image_plate <> '') "
            f"AND {_AFTER_CARD} LIMIT 1"
        )
        return self._db.row(sql, (date, f"{date}U")) is not None  # a stamp goes on with T

    def oldest_over(self, keep: int, limit: int) -> list[Pictured]:
        """The oldest passages of those that are more than `keep`; those with deliveries that are not finished stay. They are
        counted: of what was deleted between others the numbers are left."""
        oldest, newest = self.ends()
        if newest - oldest < keep:
            return []
        over = int(self._db.rows("SELECT count(*) FROM passages")[0][0]) - keep
        sql = (  # in the order of the inner one: to sort once more, SQLite would read all that are over
            "SELECT rowid, at, image_full, image_plate FROM (SELECT * FROM passages ORDER BY rowid LIMIT ?) p "
            f"WHERE NOT {WAITING} LIMIT ?"
        )
        return [pictured_of(row) for row in self._db.rows(sql, (max(0, over), limit))]

    def expired(
        self, after: int, now: str, cutoff: str, by_list: Mapping[int, str], window: int, limit: int
    ) -> tuple[int | None, list[Pictured]]:
        """The row to go on after, None at the end, and the passages from before their cutoff (a stamp) among the next `window` rows
        after `after`, `limit` at most; those with deliveries that are not finished stay. `by_list`: cutoffs of lists; a passage in
        several of them has the earliest, one in none of them `cutoff`, "" for none. One of a clock that was not set, or that was
        ahead, is as old as the next one that is of neither."""
        known, bounds = "(at BETWEEN ? AND ?)", (stamp(CLOCK_KNOWN), now)
        rows = "SELECT rowid, at FROM passages WHERE rowid > ? ORDER BY rowid LIMIT ?"
        first = self._db.row(f"SELECT {known} AS known FROM ({rows})", (*bounds, after, 1))
        if first is None:
            return None, []
        examined = self._db.row(f"SELECT max(rowid) AS last, count(*) AS count FROM ({rows})", (after, window))
        assert examined is not None
        last, is_end = int(examined["last"]), examined["count"] < window
        sql = f"SELECT rowid FROM passages WHERE rowid > ? AND rowid <= ? AND {known} <> ? ORDER BY rowid LIMIT 1"
        if other := self._db.row(sql, (after, last, *bounds, first["known"])):  # up to there all are of one kind
            last, is_end = int(other["rowid"]) - 1, False
        at, at_values = "at", []
        if not first["known"]:
            following = self._db.row(f"SELECT at FROM passages WHERE rowid > ? AND {known} ORDER BY rowid LIMIT 1", (last, *bounds))
            if following is None:
                return None if is_end else last, []
            at, at_values = "?", [following["at"]]
        own = " ".join("WHEN ? THEN ?" for _ in by_list)
        of_list = f"SELECT min(CASE list_id {own} END) FROM passage_lists l WHERE l.passage_rowid = p.rowid" if by_list else "NULL"
        sql = (
            "SELECT rowid, at, image_full, image_plate FROM passages p WHERE rowid > ? AND rowid <= ? "
            f"AND {at} < coalesce(({of_list}), ?) AND NOT {WAITING} ORDER BY rowid LIMIT ?"
        )
        values = (after, last, *at_values, *(value for pair in by_list.items() for value in pair), cutoff, limit)
        found = [pictured_of(row) for row in self._db.rows(sql, values)]
        if len(found) == limit:
            return found[-1].rowid, found
        return None if is_end else last, found

    def delete(self, rowids: Sequence[int]) -> None:
        """With their deliveries, all of which must be finished."""
        self._db.execute(f"DELETE FROM passages WHERE rowid IN ({marks(rowids)})", rowids)

    def leave_nothing(self) -> None:
        """Of the plates that were deleted: in the WAL from now on, in the index of the search once that is cleaned in the
        background."""
        self._db.execute("INSERT OR REPLACE INTO counters (name, value) VALUES (?, 0)", (UNCLEAN,))
        self._db.empty_wal()

    def delete_later(self, ids: Sequence[str]) -> None:
        """Those that wait for a message: `overdue` gives them once it has ended."""
        names = [(f"{_LATER}{each}",) for each in ids]
        self._db.execute_many("INSERT OR IGNORE INTO counters (name, value) VALUES (?, 1)", names)

    def overdue(self, limit: int) -> list[tuple[Pictured, str]]:
        """Of those to be deleted later, the ones that wait no more, each with its plate."""
        sql = (
            "SELECT p.rowid, p.at, p.image_full, p.image_plate, p.plate FROM counters c "
            f"JOIN passages p ON p.id = substr(c.name, ?) WHERE c.name GLOB ? AND NOT {WAITING} LIMIT ?"
        )
        rows = self._db.rows(sql, (len(_LATER) + 1, f"{_LATER}*", limit))
        return [(pictured_of(row), row["plate"]) for row in rows]

    def forget_deleted(self) -> None:
        """Of what was to be deleted later and is gone, whoever did it, nothing is kept."""
        sql = "SELECT name FROM counters WHERE name GLOB ? AND NOT EXISTS (SELECT 1 FROM passages WHERE id = substr(name, ?))"
        gone = [(row["name"],) for row in self._db.rows(sql, (f"{_LATER}*", len(_LATER) + 1))]
        if gone:
            self._db.execute_many("DELETE FROM counters WHERE name = ?", gone)

    def _stored(self, rowids: Sequence[int]) -> list[StoredPassage]:
        """In the order of `rowids`."""
        lists: dict[int, list[PlateList]] = {rowid: [] for rowid in rowids}
        rows: dict[int, Row] = {}
        for some in (rowids[start : start + CHUNK] for start in range(0, len(rowids), CHUNK)):
            for row in self._db.rows(f"SELECT rowid, {PLACE}, p.* FROM passages p WHERE rowid IN ({marks(some)})", some):
                rows[row["rowid"]] = row
            sql = f"SELECT * FROM passage_lists WHERE passage_rowid IN ({marks(some)}) ORDER BY passage_rowid, list_id"
            for row in self._db.rows(sql, some):
                lists[row["passage_rowid"]].append(PlateList(row["list_id"], row["name"], row["role"], row["colour"]))
        return [
            StoredPassage(rowid, _passage(rows[rowid]), tuple(lists[rowid]), rows[rowid]["place"], decision_of(rows[rowid]))
            for rowid in rowids
            if rowid in rows  # it may have been deleted meanwhile
        ]


def _values(passage: Passage) -> tuple[Any, ...]:
    """In the order of COLUMNS, without what was decided."""
    return (
        passage.id, passage.plate, matching.normalise(passage.plate), passage.confidence, passage.country, passage.region,
        passage.lane, passage.direction, passage.char_height_px, stamp(passage.at), passage.monotonic_ns, passage.trigger_id,
        passage.trigger_cause, passage.votes, json.dumps(passage.box), json.dumps(passage.size), passage.images.full,
        passage.images.plate, passage.plate_colour, passage.plate_kind, passage.event, passage.unsure,
        stamp(passage.images_at) if passage.images_at else "", json.dumps(astuple(passage.look)) if passage.look else "",
    )  # fmt: skip


def _passage(row: Row) -> Passage:
    x, y, width, height = from_json(row["box"])
    frame_width, frame_height = from_json(row["size"])
    return Passage(
        id=row["id"],
        plate=row["plate"],
        confidence=row["confidence"],
        country=row["country"],
        region=row["region"],
        lane=row["lane"],
        direction=row["direction"],
        char_height_px=row["char_height_px"],
        at=datetime.fromisoformat(row["at"]),
        monotonic_ns=row["monotonic_ns"],
        trigger_id=row["trigger_id"],
        trigger_cause=row["trigger_cause"],
        votes=row["votes"],
        box=(x, y, width, height),
        size=(frame_width, frame_height),
        images=PassageImages(row["image_full"], row["image_plate"]),
        plate_colour=row["plate_colour"],
        plate_kind=row["plate_kind"],
        event=row["event"],
        unsure=row["unsure"],
        images_at=when(row["images_at"] or None),
        look=PlateLook(*from_json(row["look"])) if row["look"] else None,
    )


def decision_of(row: Row) -> Decision:
    return Decision(row["outcome"], from_stored(row["reason"]))


def pictured_of(row: Row) -> Pictured:
    return Pictured(row["rowid"], row["at"], tuple(name for name in (row["image_full"], row["image_plate"]) if name))
