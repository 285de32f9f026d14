"""Passages: the tables `passages` and `passage_lists` (the lists that a passage matched when it was stored)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Row
from typing import Any

from engine import lists as matching
from engine.store.database import Database
from engine.store.entries import entry_of
from engine.store.queries import MAX_ROWS, PassageQuery, StoredPassage
from engine.store.rows import marks, part, stamp, where
from engine.types import Match, Passage, PassageImages, PlateList

COLUMNS = (
    "id", "plate", "key", "confidence", "country", "region", "lane", "direction", "char_height_px", "at", "monotonic_ns",
    "trigger_id", "trigger_cause", "votes", "box", "size", "image_full", "image_plate", "plate_colour", "plate_kind",
)  # fmt: skip


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

    def __call__(self, query: PassageQuery) -> list[StoredPassage]:
        conditions, values = where(
            ("at >= ?", query.since and stamp(query.since)),
            ("at < ?", query.until and stamp(query.until)),
            ("key LIKE ? ESCAPE '\\'", part(matching.normalise(query.plate))),
            ("rowid IN (SELECT passage_rowid FROM passage_lists WHERE list_id = ?)", query.list_id),
            ("rowid > ?", query.after_rowid),
        )
        limit = max(1, min(query.limit, MAX_ROWS))
        found = self._db.rows(f"SELECT * FROM passages WHERE {conditions} ORDER BY rowid DESC LIMIT ?", (*values, limit))
        return self._with_lists(found)

    def after(self, rowid: int, limit: int) -> list[StoredPassage]:
        """Those stored after that row, oldest first."""
        return self._with_lists(self._db.rows("SELECT * FROM passages WHERE rowid > ? ORDER BY rowid LIMIT ?", (rowid, limit)))

    def ends(self) -> tuple[int, int]:
        """Rows of the oldest and the newest; (0, 0) when there is none."""
        sql = "SELECT (SELECT min(rowid) FROM passages) AS oldest, (SELECT max(rowid) FROM passages) AS newest"
        row = self._db.rows(sql)[0]
        return int(row["oldest"] or 0), int(row["newest"] or 0)

    def get(self, passage_id: str) -> StoredPassage | None:
        found = self._with_lists(self._db.rows("SELECT * FROM passages WHERE id = ?", (passage_id,)))
        return found[0] if found else None

    def has(self, passage_id: str) -> bool:
        return self._db.row("SELECT 1 FROM passages WHERE id = ?", (passage_id,)) is not None

    def add(self, passage: Passage, matches: Sequence[Match]) -> None:
        """The caller's transaction keeps it together with its deliveries."""
        values = _values(passage)
        rowid = self._db.execute(f"INSERT INTO passages ({', '.join(COLUMNS)}) VALUES ({marks(values)})", values)
        self._db.execute_many(
            "INSERT INTO passage_lists (passage_rowid, list_id, name, role, colour, entry_id, distance) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (rowid, m.list.id, m.list.name, m.list.role, m.list.colour, m.entry.id if m.entry else None, m.distance)
                for m in matches
            ],
        )

    def matches(self, passage_id: str) -> tuple[Match, ...]:
        """The lists that a passage matched when it was stored; an entry deleted since is None."""
        sql = (
            "SELECT pl.list_id AS owner, pl.name AS list_name, pl.role, pl.colour, pl.distance, pl.entry_id, e.* "
            "FROM passages p JOIN passage_lists pl ON pl.passage_rowid = p.rowid LEFT JOIN entries e ON e.id = pl.entry_id "
            "WHERE p.id = ? ORDER BY pl.list_id"
        )
        return tuple(
            Match(
                PlateList(row["owner"], row["list_name"], row["role"], row["colour"]),
                None if row["id"] is None else entry_of(row),
                row["distance"],
            )
            for row in self._db.rows(sql, (passage_id,))
        )

    def oldest_pictured(self, limit: int) -> list[Pictured]:
        """The oldest passages that have pictures."""
        sql = (
            "SELECT rowid, at, image_full, image_plate FROM passages WHERE image_full <> '' OR image_plate <> '' "
            "ORDER BY rowid LIMIT ?"
        )
        return [_pictured(row) for row in self._db.rows(sql, (limit,))]

    def forget_pictures(self, until_rowid: int) -> None:
        """Up to and with `until_rowid`."""
        sql = "UPDATE passages SET image_full = '', image_plate = '' WHERE rowid <= ? AND (image_full <> '' OR image_plate <> '')"
        self._db.execute(sql, (until_rowid,))

    def has_pictures(self, date: str) -> bool:
        """Whether a passage of that day of UTC ("2026-01-02") has pictures."""
        sql = "SELECT 1 FROM passages WHERE at >= ? AND at < ? AND (image_full <> '' OR image_plate <> '') LIMIT 1"
        return self._db.row(sql, (date, f"{date}U")) is not None  # a stamp goes on with T

    def oldest_over(self, keep: int, limit: int) -> list[Pictured]:
        """The oldest passages of those that are more than `keep`."""
        sql = (
            "SELECT rowid, at, image_full, image_plate FROM passages WHERE rowid <= (SELECT max(rowid) FROM passages) - ? "
            "ORDER BY rowid LIMIT ?"
        )
        return [_pictured(row) for row in self._db.rows(sql, (keep, limit))]

    def delete(self, until_rowid: int) -> None:
        """Up to and with `until_rowid`, with their deliveries."""
        self._db.execute("DELETE FROM passages WHERE rowid <= ?", (until_rowid,))

    def _with_lists(self, found: Sequence[Row]) -> list[StoredPassage]:
        by_passage: dict[int, list[PlateList]] = {row["rowid"]: [] for row in found}
        sql = f"SELECT * FROM passage_lists WHERE passage_rowid IN ({marks(by_passage)}) ORDER BY passage_rowid, list_id"
        for row in self._db.rows(sql, tuple(by_passage)):
            by_passage[row["passage_rowid"]].append(PlateList(row["list_id"], row["name"], row["role"], row["colour"]))
        return [StoredPassage(row["rowid"], _passage(row), tuple(by_passage[row["rowid"]])) for row in found]


def _values(passage: Passage) -> tuple[Any, ...]:
    """In the order of COLUMNS."""
    return (
        passage.id, passage.plate, matching.normalise(passage.plate), passage.confidence, passage.country, passage.region,
        passage.lane, passage.direction, passage.char_height_px, stamp(passage.at), passage.monotonic_ns, passage.trigger_id,
        passage.trigger_cause, passage.votes, json.dumps(passage.box), json.dumps(passage.size), passage.images.full,
        passage.images.plate, passage.plate_colour, passage.plate_kind,
    )  # fmt: skip


def _passage(row: Row) -> Passage:
    x, y, width, height = json.loads(row["box"])
    frame_width, frame_height = json.loads(row["size"])
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
    )


def _pictured(row: Row) -> Pictured:
    return Pictured(row["rowid"], row["at"], tuple(name for name in (row["image_full"], row["image_plate"]) if name))
