"""Rows: what the tiny package of release.py has confirmed, and which of it must be there after a fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Rows:
    """`confirmed`: {row: the layout that it was stored in}. A way back to a version that cannot read a layout brings the data of
    before: what was stored since is lost then, which the page says beforehand, and nothing else ever is."""

    confirmed: dict[int, int] = field(default_factory=dict)
    newest: int = 0

    def next(self) -> int:
        self.newest += 1
        return self.newest

    def add(self, row: int, layout: int) -> None:
        self.confirmed[row] = layout
        self.newest = max(self.newest, row)

    def wrong(self, found: Mapping[str, Any]) -> list[str]:
        """What is not as it must be in the package's answer, in words."""
        there = set(found["rows"])
        gone = {row: layout for row, layout in self.confirmed.items() if row not in there}
        missing = sorted(row for row, layout in gone.items() if layout <= found["layout"])
        self.confirmed = {row: layout for row, layout in self.confirmed.items() if row in there}
        self.newest = max([self.newest, *there])
        wrong = [f"confirmed rows are gone: {missing}"] if missing else []
        return wrong + ([f"the database is damaged: {found['integrity']}"] if found["integrity"] != "ok" else [])
