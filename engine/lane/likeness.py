"""Likeness: whether two reads can be of one vehicle: one character may be misread, missing or added."""

from __future__ import annotations

from engine.lists import comparable


def alike(one: str, other: str) -> bool:
    """Whether the plates are equal up to one replaced, missing or added character; O and 0, I and 1 are the same. An empty
    plate is like none."""
    a, b = sorted((comparable(one), comparable(other)), key=len)
    if not a or len(b) - len(a) > 1:
        return False
    at = next((index for index, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    return a[at + (len(a) == len(b)) :] == b[at + 1 :]
