"""Cells: texts in a CSV file that a spreadsheet takes for what they are, and not for formulas."""

from __future__ import annotations

STARTS_OF_FORMULAS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""A cell that begins so is taken for a formula, in East Asia in full width too; an apostrophe before it makes it text."""


def safe_cell(value: object) -> str:
    """The value as text, with an apostrophe before what looks like a formula, and before what would lose its own apostrophe when it
    is read again (`read_cell`)."""
    text = str(value)
    return f"'{text}" if text.lstrip("'").startswith(STARTS_OF_FORMULAS) else text


def read_cell(text: str) -> str:
    """What `safe_cell` was given."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(STARTS_OF_FORMULAS) else text
