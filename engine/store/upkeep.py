"""Upkeep: work on the database in the background, in short steps: what an older one lacks, what imports and deleted lists left.

After an update the camera works on with what it has: entries that were written by an older release are found by their old keys, and
searches look through passages that the newer tables do not hold yet (engine/store/search.py).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from board.kit.clock import Clock
from engine import lists as matching
from engine.store.database import Database
from engine.store.entries import COLUMNS, entry_of, values_of
from engine.store.imports import settle, unsettled
from engine.store.migrations import folded_of, kind_of, place_of
from engine.store.passages import UNCLEAN
from engine.store.rows import marks
from engine.store.steps import Steps

FORSAKEN_S = 60.0
"""An import that has made no step for this long has died."""

log = logging.getLogger("store")


class Upkeep:
    """`turn` is called again and again, by one process."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._steps = Steps()
        self._pages = Steps(fewest=1, first=1)
        self._seen: dict[int, tuple[int, int]] = {}
        self._has_looked = False

    def turn(self, work_s: float = 0.5) -> bool:
        """Works for about that long; whether anything is left to do."""
        until = time.monotonic() + work_s
        while self._step():
            if time.monotonic() > until:
                return True
        return False

    def _step(self) -> bool:
        if not self._has_looked:
            self._find_old_keys()
            self._has_looked = True
        return (
            self._settle()
            or self._fill_entries()
            or self._fill_passages()
            or self._fill_kinds()
            or self._fill_list_kinds()
            or self._clean_index()
        )

    def _settle(self) -> bool:
        worked = False
        now_ns = self._clock.monotonic_ns()
        loading = {}
        for list_id, (phase, made) in unsettled(self._db).items():
            if phase != "loading":
                worked = settle(self._db, list_id, self._steps) or worked
                continue
            steps, since_ns = self._seen.get(list_id, (made, now_ns))
            if steps != made:
                since_ns = now_ns
            elif now_ns - since_ns > FORSAKEN_S * 1e9:
                log.warning("an import of list %d has died: what it wrote is dropped", list_id)
                self._db.execute("UPDATE imports SET phase = 'dropping' WHERE list_id = ? AND steps = ?", (list_id, made))
                worked = True
            loading[list_id] = (made, since_ns)
        self._seen = loading
        return worked

    def _find_old_keys(self) -> None:
        """Egyptian plates that a release before wrote by the order in which they were typed: its database has the same layout, so
        that nothing put them down. Once in a start, as there is a way back to that release, and a copy may be of it."""
        rows = self._db.rows("SELECT id, key FROM entries WHERE folded >= ? AND folded < ?", ("\u0621", "\u064b"))
        old = [(row["id"],) for row in rows if matching.normalise(row["key"]) != row["key"]]
        with self._db.transaction():
            for values in old:
                self._db.execute("INSERT OR IGNORE INTO entries_due VALUES (?)", values)

    def _fill_entries(self) -> bool:
        """Brings what an older release wrote to the keys and numbers of this one."""
        if self._db.row("SELECT 1 FROM entries_due LIMIT 1") is None:
            return False
        with self._steps.step() as most, self._db.transaction():
            due = [row["id"] for row in self._db.rows("SELECT id FROM entries_due LIMIT ?", (most,))]
            for row in self._db.rows(f"SELECT * FROM entries WHERE id IN ({marks(due)})", due):
                values = dict(zip(COLUMNS, values_of(entry_of(row)), strict=True))
                key, folded = values["key"], values["folded"]
                if key != row["key"] and self._taken(row["list_id"], key):
                    log.warning("plate %r stands in its list twice, written in two ways: change or delete one", row["plate"])
                    key, folded = row["key"], row["folded"]
                self._db.execute(
                    "UPDATE entries SET key = ?, folded = ?, number26 = ?, number34 = ?, revision = revision + 1 WHERE id = ?",
                    (key, folded, values["number26"], values["number34"], row["id"]),
                )
            self._db.execute(f"DELETE FROM entries_due WHERE id IN ({marks(due)})", due)
        return True

    def _taken(self, list_id: int, key: str) -> bool:
        return self._db.row("SELECT 1 FROM entries WHERE list_id = ? AND key = ?", (list_id, key)) is not None

    def _fill_passages(self) -> bool:
        def fill(span: tuple[int, int]) -> None:
            self._renew_keys(span)
            here, place = "rowid BETWEEN ? AND ?", place_of("p")
            self._db.execute(f"INSERT OR IGNORE INTO passage_places SELECT {place}, rowid FROM passages p WHERE {here}", span)
            grams = f"INSERT INTO passage_grams (rowid, folded) SELECT {place}, {folded_of('p')} FROM passages p WHERE {here}"
            self._db.execute(grams, span)
            self._db.execute(
                f"INSERT OR IGNORE INTO list_places SELECT l.list_id, {place} FROM passages p "
                "JOIN passage_lists l ON l.passage_rowid = p.rowid WHERE p.rowid BETWEEN ? AND ?",
                span,
            )

        return self._go_back("passages_due", fill)

    def _fill_kinds(self) -> bool:
        sql = (
            f"INSERT OR IGNORE INTO kind_places SELECT {kind_of('p')}, {place_of('p')} FROM passages p WHERE rowid BETWEEN ? AND ?"
        )
        return self._go_back("kinds_due", lambda span: self._db.execute(sql, span))

    def _fill_list_kinds(self) -> bool:
        sql = (
            f"INSERT OR IGNORE INTO list_kinds SELECT l.list_id, {kind_of('p')}, {place_of('p')} FROM passages p "
            "JOIN passage_lists l ON l.passage_rowid = p.rowid WHERE p.rowid BETWEEN ? AND ?"
        )
        return self._go_back("list_kinds_due", lambda span: self._db.execute(sql, span))

    def _clean_index(self) -> bool:
        """FTS5 only notes what is deleted, until it merges what it was in: all is merged into one, some pages at a time."""
        begun = self._db.row("SELECT value FROM counters WHERE name = ?", (UNCLEAN,))
        if begun is None:
            return False
        merge = "INSERT INTO passage_grams (passage_grams, rank) VALUES ('merge', ?)"
        with self._pages.step() as most, self._db.transaction():
            before = self._changes()
            self._db.execute(merge, (most if begun["value"] else -most,))  # a negative number is for all that is there
            is_over = self._changes() - before < 2  # as FTS5 tells that nothing was left to do
            self._db.execute(
                "DELETE FROM counters WHERE name = ?" if is_over else "UPDATE counters SET value = 1 WHERE name = ?", (UNCLEAN,)
            )
        if is_over:
            self._db.empty_wal()
        return True

    def _changes(self) -> int:
        return int(self._db.rows("SELECT total_changes()")[0][0])

    def _go_back(self, due: str, fill: Callable[[tuple[int, int]], object]) -> bool:
        """A step from the newest passage to the oldest: those are searched for first, and these are deleted first. `fill` gets the
        first and the last row; whether there was anything to do."""
        if self._db.row(f"SELECT 1 FROM {due} WHERE until_rowid > 0") is None:
            return False
        with self._steps.step() as most, self._db.transaction():
            until = int(self._db.rows(f"SELECT until_rowid FROM {due}")[0][0])
            first = self._db.row(
                "SELECT min(rowid) AS first FROM (SELECT rowid FROM passages WHERE rowid <= ? ORDER BY rowid DESC LIMIT ?)",
                (until, most),
            )
            lowest = first["first"] if first and first["first"] else None
            if lowest is not None:
                fill((lowest, until))
            self._db.execute(f"UPDATE {due} SET until_rowid = ?", (lowest - 1 if lowest is not None else 0,))
        return True

    def _renew_keys(self, span: tuple[int, int]) -> None:
        for row in self._db.rows("SELECT rowid, plate, key FROM passages WHERE rowid BETWEEN ? AND ?", span):
            key = matching.normalise(row["plate"])
            if key != row["key"]:
                self._db.execute("UPDATE passages SET key = ? WHERE rowid = ?", (key, row["rowid"]))
