"""Spreadsheet: rows as a CSV file that a spreadsheet opens without taking a cell for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from board.kit.web.routes import Answer

STARTS_OF_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A cell that begins so is taken for a formula; an apostrophe before it makes it text."""


def sheet(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Answer:
    """A download `name` in UTF-8 with byte order mark (spreadsheets expect it)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([cell(value) for value in row] for row in rows)
    headers = (("Content-Disposition", f'attachment; filename="{name}"'),)
    return Answer(out.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", 200, headers)


def cell(value: object) -> str:
    """The value as text; one that looks like a formula gets an apostrophe."""
    text = str(value)
    return f"'{text}" if text.startswith(STARTS_OF_FORMULAS) else text
