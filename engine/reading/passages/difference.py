"""Difference: how many characters two plate texts differ in, look-alikes (O and 0, I and 1) taken as one."""

from __future__ import annotations

from engine.lists import comparable


def difference(one: str, other: str) -> int:
    """Fewest characters to change, insert or leave out to get from one text to the other (Levenshtein), look-alikes folded."""
    a, b = comparable(one), comparable(other)
    if a == b:
        return 0
    row = list(range(len(b) + 1))
    for i, symbol in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, against in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (symbol != against))
    return row[-1]


def contained(one: str, other: str) -> bool:
    """Whether one text is a piece (at least 3 characters) of the other: a plate cut off by the picture's edge."""
    shorter, longer = sorted((comparable(one), comparable(other)), key=len)
    return len(shorter) >= 3 and shorter in longer
