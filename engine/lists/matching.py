"""Matching: which lists a plate belongs to at a moment, from the entries that look like it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from engine.lists.alphabet import key_of
from engine.lists.validity import is_valid
from engine.types import ListEntry, Match, PlateList

_LOOK_ALIKES = str.maketrans("OI", "01")


def normalise(plate: str) -> str:
    """The text that is compared, of what is read and of what is typed (engine/lists/alphabet.py): "ab-12 c" -> "AB12C"."""
    return key_of(plate)


def fold(key: str) -> str:
    """A normalised text with look-alike characters made equal: O is 0, I is 1."""
    return key.translate(_LOOK_ALIKES)


def match(
    key: str, at: datetime, fixed: Sequence[PlateList], candidates: Iterable[tuple[PlateList, ListEntry]]
) -> tuple[Match, ...]:
    """The lists that the plate `key` (normalised) is in at `at`: real lists first, then "all" or "unlisted", which are `fixed`.

    `candidates`: entries whose text equals `key`, folded or not, or is one confusion away. One out of its validity counts as not
    listed. An exact entry wins over folded ones, also of other lists, and those over one that is a confusion away (distance 1);
    that one counts only while no other listed plate is as close. A blacklist's folded entry still counts beside an exact one,
    because the gate should rather stay shut. "unlisted" matches only when no other list does. A plate "" (nothing read) is in no
    list.
    """
    if not key:
        return ()
    folded = fold(key)
    by_key = [(plate_list, entry, normalise(entry.plate)) for plate_list, entry in candidates if is_valid(entry, at)]
    alike = [(plate_list, entry, text) for plate_list, entry, text in by_key if fold(text) == folded]
    exact_lists = {plate_list.id for plate_list, _, text in alike if text == key}
    found: dict[int, Match] = {}
    for plate_list, entry, text in alike:
        if text == key or not exact_lists or (plate_list.role == "black" and plate_list.id not in exact_lists):
            found.setdefault(plate_list.id, Match(plate_list, entry))
    if not found and len({text for _, _, text in by_key}) == 1:
        found = {plate_list.id: Match(plate_list, entry, 1) for plate_list, entry, _ in by_key}
    matches = [found[list_id] for list_id in sorted(found)]
    matches += [Match(plate_list, None) for plate_list in fixed if plate_list.role == "all"]
    if not found:
        matches += [Match(plate_list, None) for plate_list in fixed if plate_list.role == "unlisted"]
    return tuple(matches)
