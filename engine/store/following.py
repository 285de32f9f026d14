"""Following: the tables `source` and `published`: how cameras that follow this one know its lists and their changes apart.

A generation is a number that grows with every change of a published list, whatever the clock says. It counts within this database
alone: a camera that begins anew (another card, a lost database) is another source.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping

from engine.store.database import Database
from engine.store.rows import marks


class Following:
    def __init__(self, db: Database) -> None:
        self._db = db

    def source(self) -> str:
        """This database's own name among cameras: 16 hexadecimal digits, made when it is first asked for."""
        row = self._db.row("SELECT id FROM source")
        if row is not None:
            return str(row["id"])
        with self._db.transaction():
            self._db.execute("INSERT INTO source SELECT ? WHERE NOT EXISTS (SELECT 1 FROM source)", (secrets.token_hex(8),))
        return self.source()

    def number(self, name: str, digest: str) -> int:
        """The generation of what is published as `name`; the next one when its `digest` is another than the last time."""
        with self._db.transaction():
            row = self._db.row("SELECT number, digest FROM published WHERE name = ?", (name,))
            if row is not None and row["digest"] == digest:
                return int(row["number"])
            number = 1 if row is None else int(row["number"]) + 1
            self._db.execute("INSERT OR REPLACE INTO published (name, number, digest) VALUES (?, ?, ?)", (name, number, digest))
            return number

    def marks(self, list_ids: Iterable[int]) -> Mapping[int, str]:
        """{list: a text that differs from an earlier one if the list or one of its entries may have changed since}."""
        ids = tuple(list_ids)
        here = marks(ids)
        newest = dict.fromkeys(ids, 0)
        sql = (
            "SELECT max(rowid) AS newest, list_id FROM ("
            "SELECT rowid, item_id AS list_id FROM changes WHERE subject IN ('import', 'list') "
            "UNION ALL SELECT rowid, json_extract(before, '$.list_id') FROM changes WHERE subject = 'entry' "
            "UNION ALL SELECT rowid, json_extract(after, '$.list_id') FROM changes WHERE subject = 'entry'"
            f") WHERE list_id IN ({here}) GROUP BY list_id"
        )
        for row in self._db.rows(sql, ids):
            newest[row["list_id"]] = row["newest"]
        # Guests' entries left are counted by the gate, and an older release notes no changes.
        sql = (
            "SELECT list_id, count(*) AS entries, total(entries_left) AS entries_left FROM entries "
            f"WHERE list_id IN ({here}) GROUP BY list_id"
        )
        held = {row["list_id"]: (row["entries"], row["entries_left"]) for row in self._db.rows(sql, ids)}
        return {each: json.dumps([newest[each], *held.get(each, ())]) for each in ids}
