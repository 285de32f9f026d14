"""Matching: which lists a plate belongs to at a moment, from the entries that look like it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from engine.types import ListEntry, Match, PlateList

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Default start of an entry's validity."""

LATEST = datetime(3000, 1, 1, tzinfo=UTC)
"""Default end of an entry's validity."""

_LEFT_OUT = str.maketrans("", "", " -.·•‐‑‒–—\t\r\n\u00a0")
_LOOK_ALIKES = str.maketrans("OI", "01")


def normalise(plate: str) -> str:
    """The text that is compared: NFKC, upper case, without spaces, hyphens and dots ("ab-12 c" -> "AB12C")."""
    return unicodedata.normalize("NFKC", plate).upper().translate(_LEFT_OUT)


def fold(key: str) -> str:
    """A normalised text with look-alike characters made equal: O is 0, I is 1."""
    return key.translate(_LOOK_ALIKES)


def match(
    key: str, at: datetime, lists: Sequence[PlateList], candidates: Iterable[tuple[PlateList, ListEntry]]
) -> tuple[Match, ...]:
    """The lists that the plate `key` (normalised) is in at `at`: real lists first, then "all" or "unlisted".

    `candidates`: entries whose text equals `key`, folded or not. One out of its validity counts as not listed. An exact entry
    wins over folded ones, also of other lists; a blacklist's folded entry still counts, for a gate had better stay shut.
    "unlisted" matches only when no other list does. A plate "" (nothing read) is in no list.
    """
    if not key:
        return ()
    valid = [(plate_list, entry) for plate_list, entry in candidates if entry.valid_from <= at < entry.valid_until]
    exact_lists = {plate_list.id for plate_list, entry in valid if normalise(entry.plate) == key}
    found: dict[int, Match] = {}
    for plate_list, entry in valid:
        exact = normalise(entry.plate) == key
        if exact or not exact_lists or (plate_list.role == "black" and plate_list.id not in exact_lists):
            found.setdefault(plate_list.id, Match(plate_list, entry))
    matches = [found[list_id] for list_id in sorted(found)]
    matches += [Match(plate_list, None) for plate_list in lists if plate_list.role == "all"]
    if not found:
        matches += [Match(plate_list, None) for plate_list in lists if plate_list.role == "unlisted"]
    return tuple(matches)
