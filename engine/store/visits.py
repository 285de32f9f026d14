"""Visits: the table `visits`: entries of guests that were counted down for a gate that is still to open, and are given back if it
does not."""

from __future__ import annotations

from collections.abc import Iterable

from engine.store.database import Database
from engine.store.entries import MAX_ENTRIES_LEFT, Entries
from engine.types import ListEntry

_GIVE_BACK = (
    f"UPDATE entries SET entries_left = min(entries_left + 1, {MAX_ENTRIES_LEFT}) WHERE key = :key AND list_id IN (:list, -:list) "
    "AND generation = (SELECT generation FROM lists WHERE id = :list) AND entries_left IS NOT NULL"
)
"""By list and key: an import may have written the entry anew meanwhile."""


class Visits:
    """All calls are of the caller's transaction, in which also the deliveries change: whatever dies, an entry is counted once."""

    def __init__(self, db: Database, entries: Entries) -> None:
        self._db = db
        self._entries = entries

    def begin(self, passage_id: str, entry: ListEntry, delivery_ids: Iterable[str]) -> bool:
        """One of its entries less, for the deliveries that open by it; False: none is left."""
        if not self._entries.spend(entry.id):
            return False
        sql = "INSERT INTO visits (delivery_id, list_id, key, passage_id) SELECT ?, list_id, key, ? FROM entries WHERE id = ?"
        for delivery_id in delivery_ids:
            self._db.execute(sql, (delivery_id, passage_id, entry.id))
        return True

    def end(self, delivery_id: str, opened: bool) -> None:
        """The delivery has ended. When the last one of its visit did not open, the guest has the entry again."""
        rows = self._db.rows("SELECT passage_id, abs(list_id) AS list, key FROM visits WHERE delivery_id = ?", (delivery_id,))
        for row in rows:
            visit = {"passage": row["passage_id"], "list": row["list"], "key": row["key"], "delivery": delivery_id}
            here = "passage_id = :passage AND abs(list_id) = :list AND key = :key"
            self._db.execute(
                f"DELETE FROM visits WHERE {here} AND (:opened OR delivery_id = :delivery)", {**visit, "opened": opened}
            )
            if not opened and self._db.row(f"SELECT 1 FROM visits WHERE {here}", visit) is None:
                self._db.execute(_GIVE_BACK, visit)

    def open(self) -> list[str]:
        """Deliveries that are still to open for a guest."""
        return [row["delivery_id"] for row in self._db.rows("SELECT DISTINCT delivery_id FROM visits")]
