"""Rows: what the files of the tables have in common: stamps as texts that sort, and conditions of searches."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=256)
def stamp(at: datetime) -> str:
    """A stamp as text that sorts: UTC, always with microseconds."""
    if at.tzinfo is None:
        raise ValueError("a stamp without time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def when(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def marks(values: Collection[object]) -> str:
    """One question mark for each value."""
    return ", ".join("?" * len(values))


def part(text: str) -> str:
    """A LIKE pattern for texts that contain `text`; "" for ""."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%" if escaped else ""


def where(*conditions: tuple[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """Those conditions that have a value, joined."""
    given = [(condition, value) for condition, value in conditions if value]
    return " AND ".join(condition for condition, _ in given) or "1", tuple(value for _, value in given)
