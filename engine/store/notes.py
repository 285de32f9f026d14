"""Notes: what actions, exports and imports said last, without a plate whose owner wants it forgotten."""

from __future__ import annotations

import re

from engine.lists import normalise
from engine.store.database import Database

NOTES = (
    ("rule_results", "done_note"),
    ("rule_results", "error"),
    ("jobs", "done_note"),
    ("jobs", "error"),
    ("transfers", "note"),
)
"""Table and column; deliveries go with their passages."""


def unname(db: Database, plate: str, instead: str) -> None:
    """They stay, with `instead` in the place of exactly this plate, whatever separates its characters."""
    key = normalise(plate)
    if not key:
        return
    said = re.compile(r"(?<![^\W_])" + r"[ .·-]*".join(map(re.escape, key)) + r"(?![^\W_])", re.IGNORECASE)
    for table, column in NOTES:
        sql = f"SELECT rowid AS number, {column} AS note FROM {table} WHERE {column} <> ''"
        with_it = [row for row in db.rows(sql) if said.search(row["note"])]  # before the transaction: a car shall not wait
        with db.transaction():
            for row in with_it:
                sql = f"UPDATE {table} SET {column} = ? WHERE rowid = ? AND {column} = ?"  # another may have come meanwhile
                db.execute(sql, (said.sub(lambda _: instead, row["note"]), row["number"], row["note"]))
