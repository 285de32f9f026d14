"""Likeness: whether two reads can be of one vehicle: the reader may have one character wrong, too few or too many."""

from __future__ import annotations

from engine.lists import fold, normalise


def alike(one: str, other: str) -> bool:
    """Equal but for one character that is another, missing or too much; O and 0, I and 1 are the same. No plate is like none."""
    a, b = sorted((fold(normalise(one)), fold(normalise(other))), key=len)
    if not a or len(b) - len(a) > 1:
        return False
    at = next((index for index, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    return a[at + (len(a) == len(b)) :] == b[at + 1 :]
