"""Rows: what the files of the tables have in common: stamps as texts that sort, conditions of searches, the newest rows."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from sqlite3 import Row
from typing import Any

from engine.store.database import Database
from engine.store.queries import MAX_ROWS

Condition = tuple[str, Any]
"""SQL with a question mark for the value; it holds for all when the value is empty, 0 or None."""


@lru_cache(maxsize=256)
def stamp(at: datetime) -> str:
    """A stamp as text that sorts: UTC, always with microseconds."""
    if at.tzinfo is None:
        raise ValueError("a stamp without time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def when(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def earlier(column: str) -> str:
    """SQL: what the column has, though before `?1` in any case, which is what came after it: a clock may have been set back since.
    `?2`: a moment before `?1` (`moments`)."""
    return f"CASE WHEN {column} >= ?1 THEN ?2 ELSE {column} END"


def moments(at: datetime) -> tuple[str, str]:
    """The stamp, and the one before it."""
    return stamp(at), stamp(at - timedelta(microseconds=1))


def marks(values: Collection[object]) -> str:
    """One question mark for each value."""
    return ", ".join("?" * len(values))


def part(text: str) -> str:
    """A LIKE pattern for texts that contain `text`; "" for ""."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%" if escaped else ""


def within(column: str, since: datetime | None, until: datetime | None) -> tuple[Condition, Condition]:
    """From `since` until `until`."""
    return (f"{column} >= ?", since and stamp(since)), (f"{column} < ?", until and stamp(until))


def newest(db: Database, select: str, *conditions: Condition, limit: int, after_rowid: int = 0, rowid: str = "rowid") -> list[Row]:
    """Rows of "SELECT ... FROM ...", newest first: the newest, or those that came next after a row; at most `limit` (MAX_ROWS)."""
    given = [each for each in (*conditions, (f"{rowid} > ?", after_rowid)) if each[1]]
    condition = " AND ".join(sql for sql, _ in given) or "1"
    sql = f"{select} WHERE {condition} ORDER BY {rowid} {'ASC' if after_rowid else 'DESC'} LIMIT ?"
    rows = db.rows(sql, (*(value for _, value in given), at_most(limit)))
    return rows[::-1] if after_rowid else rows


def at_most(limit: int) -> int:
    """1 to MAX_ROWS."""
    return max(1, min(limit, MAX_ROWS))
