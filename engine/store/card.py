"""Card: the tables `on_card`, passages whose pictures have gone to the card, and `card_deletions`, what is to be deleted there.

Pictures go there in the order of the passages: all up to the newest one in the table are on the card, or nowhere. What deletes a
passage or forgets its pictures puts their names into `card_deletions` by a trigger.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.store.database import Database
from engine.store.passages import WAITING, Pictured, pictured_of
from engine.store.rows import marks

MOST_DELETIONS = 200_000
"""Names that are kept while the card is away; of more the oldest are dropped: their pictures go when the card runs low."""

_IN_CAMERA = "rowid > coalesce((SELECT max(passage_rowid) FROM on_card), 0)"


class CardTable:
    def __init__(self, db: Database) -> None:
        self._db = db

    def first_new(self, since: str, now: str) -> int:
        """The row of the first passage not on the card that came from `since` to `now` (stamps), else the one that comes next.
        What is stamped later is of a clock that was set back since, and no newer for that."""
        new = f"SELECT min(rowid) FROM passages WHERE {_IN_CAMERA} AND at BETWEEN ? AND ?"
        row = self._db.row(f"SELECT coalesce(({new}), (SELECT max(rowid) FROM passages) + 1, 0) AS first", (since, now))
        return int(row["first"]) if row else 0

    def next_in_camera(self, before: int, limit: int) -> list[Pictured]:
        """The oldest passages with pictures that are not on the card, of before that row."""
        return self._pictured(f"{_IN_CAMERA} AND rowid < ? AND (image_full <> '' OR image_plate <> '')", (before,), limit)

    def oldest(self, after: int, limit: int) -> list[Pictured]:
        """The oldest of those on the card, of rows after `after`; those with deliveries that are not finished are left out."""
        on_card = "rowid IN (SELECT passage_rowid FROM on_card WHERE passage_rowid > ?)"
        return self._pictured(f"{on_card} AND NOT {WAITING}", (after,), limit)

    def count(self) -> int:
        row = self._db.row("SELECT count(*) AS count FROM on_card")
        return int(row["count"]) if row else 0

    def has(self, date: str) -> bool:
        """Whether a passage of that day of UTC ("2026-01-02") has pictures on the card."""
        sql = "SELECT 1 FROM passages WHERE at >= ? AND at < ? AND rowid IN (SELECT passage_rowid FROM on_card) LIMIT 1"
        return self._db.row(sql, (date, f"{date}U")) is not None  # a stamp goes on with T

    def moved(self, passages: Sequence[Pictured]) -> list[int]:
        """Their pictures are on the card from here on; the rows of those that are gone meanwhile, or have forgotten theirs."""
        gone = []
        with self._db.transaction():
            for each in passages:
                sql = (
                    "INSERT OR IGNORE INTO on_card SELECT rowid FROM passages "
                    "WHERE rowid = ? AND (image_full <> '' OR image_plate <> '')"
                )
                self._db.execute(sql, (each.rowid,))
                if self._db.row("SELECT 1 FROM on_card WHERE passage_rowid = ?", (each.rowid,)) is None:
                    gone.append(each.rowid)
        return gone

    def deletions(self, limit: int) -> list[str]:
        """Names of pictures that are to be deleted on the card."""
        return [row["name"] for row in self._db.rows("SELECT name FROM card_deletions ORDER BY rowid LIMIT ?", (limit,))]

    def deleted(self, names: Sequence[str]) -> None:
        self._db.execute(f"DELETE FROM card_deletions WHERE name IN ({marks(names)})", names)

    def bound(self) -> None:
        """Keeps the names of deletions within MOST_DELETIONS."""
        row = self._db.row("SELECT count(*) AS count FROM card_deletions")
        if row is None or row["count"] <= MOST_DELETIONS:
            return
        self._db.execute("DELETE FROM card_deletions WHERE rowid <= (SELECT max(rowid) FROM card_deletions) - ?", (MOST_DELETIONS,))

    def _pictured(self, where: str, values: Sequence[object], limit: int) -> list[Pictured]:
        sql = f"SELECT rowid, at, image_full, image_plate FROM passages p WHERE {where} ORDER BY rowid LIMIT ?"
        return [pictured_of(row) for row in self._db.rows(sql, (*values, limit))]
