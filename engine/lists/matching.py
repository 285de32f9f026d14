"""Matching: which lists a plate belongs to at a moment, from the entries that look like it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from board.kit.dataclass import dataclass
from board.kit.words import mark
from engine.lists.alphabet import key_of
from engine.lists.validity import STANDINGS, standing
from engine.types import WILDCARDS, ListEntry, Match, PlateList

_LOOK_ALIKES = str.maketrans("OI", "01")


STRAY = mark("{character!r} is neither a letter nor a digit")


def normalise(plate: str) -> str:
    """The text that is compared, of what is read and of what is typed (engine/lists/alphabet.py): "ab-12 c" -> "AB12C"."""
    return key_of(plate)


def stray(key: str) -> str:
    """The first character of a normalised text of a list that neither a plate nor a wildcard has; "" when all are right."""
    return next((each for each in key if not each.isalnum() and each not in WILDCARDS), "")


def fold(key: str) -> str:
    """A normalised text with look-alike characters made equal: O is 0, I is 1."""
    return key.translate(_LOOK_ALIKES)


@lru_cache(256)
def comparable(plate: str) -> str:
    """What is the same for two plates that are the same: most plate fonts draw O like 0 and I like 1, so no reader tells them apart
    for sure. Kept for the newest ones: lane and vote compare those of the same few cars again and again."""
    return fold(normalise(plate))


@dataclass(frozen=True, slots=True)
class Lapsed:
    """An entry of the very plate that does not hold; `why`: of STANDINGS."""

    list: PlateList
    entry: ListEntry
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What the lists say of a plate at a moment.

    `matches`: the lists that it is in, real ones first, then "all" or "unlisted"; `lapsed`: entries of it that do not hold, the
    first one being the reason to tell; `near`: entries that are one confusion away and do not count; `lists`: all lists, at that
    moment."""

    matches: tuple[Match, ...] = ()
    lapsed: tuple[Lapsed, ...] = ()
    near: tuple[Match, ...] = ()
    lists: Collection[PlateList] = ()

    @property
    def barriers(self) -> dict[int, str]:
        """Each list's policy, by its id."""
        return {each.id: each.barrier for each in self.lists}


Candidates = Sequence[tuple[PlateList, ListEntry]]


def find(
    key: str, at: datetime, zone: ZoneInfo, lists: Collection[PlateList], alike: Candidates, neighbours: Callable[[], Candidates]
) -> Finding:
    """What `lists` say of the plate `key` (normalised) at `at`. A plate "" (nothing read) is in no list.

    `alike`: entries whose text equals `key`, folded or not, and wildcards that fit it; `neighbours()`: those that are one confusion
    away, asked for only when nothing is alike.

    An exact entry wins over folded ones, also of other lists, and within its list over wildcards. A neighbour counts where its list
    says so, and only while no other listed plate is as close, whether that one holds or not. What refuses counts beside
    others, too: a gate had better stay shut. "unlisted" matches only when no other list does.
    """
    if not key:
        return Finding(lists=lists)
    seen = [_Seen(each, entry, normalise(entry.plate), _standing(each, entry, at, zone)) for each, entry in alike]
    near: tuple[Match, ...] = ()
    counted = _alike(key, seen)
    if not seen:
        counted, near = _neighbours([_Seen(*each, normalise(each[1].plate), _standing(*each, at, zone)) for each in neighbours()])
    matches = [counted[list_id] for list_id in sorted(counted)]
    matches += [Match(each, None) for each in lists if each.role == "all" or (each.role == "unlisted" and not counted)]
    lapsed = [each for each in seen if each.why and each.list.id not in counted]
    return Finding(tuple(matches), _lapsed(lapsed) if lapsed else (), near, lists)


class _Seen(NamedTuple):
    """A candidate with its normalised text and how it stands."""

    list: PlateList
    entry: ListEntry
    text: str
    why: str

    @property
    def refuses(self) -> bool:
        return self.list.barrier == "refuse"


def _standing(plate_list: PlateList, entry: ListEntry, at: datetime, zone: ZoneInfo) -> str:
    """Entries are counted where they open; and what is to be refused is refused also when nobody knows the time."""
    why = standing(entry, at, zone)
    if (why == "spent" and plate_list.barrier != "open") or (why == "clock" and plate_list.barrier == "refuse"):
        return ""
    return why


def _lapsed(seen: Sequence[_Seen]) -> tuple[Lapsed, ...]:
    ordered = sorted(seen, key=lambda each: (-STANDINGS.index(each.why), each.entry.valid_until), reverse=True)
    return tuple(Lapsed(each.list, each.entry, each.why) for each in ordered)


def _alike(key: str, seen: Sequence[_Seen]) -> dict[int, Match]:
    """By list, the entry that counts, of those that look like the plate."""
    if len(seen) == 1:  # mostly: it need not win over others
        (each,) = seen
        return {} if each.why else {each.list.id: Match(each.list, each.entry)}
    named = {each.list.id for each in seen if not each.entry.is_wildcard}
    exact = {each.list.id for each in seen if each.text == key and not each.why}
    ranked = sorted(seen, key=lambda each: (each.text != key, each.entry.is_wildcard, each.entry.id))
    found: dict[int, Match] = {}
    for each in ranked:
        if each.entry.is_wildcard:
            wins = each.refuses or each.list.id not in named
        else:
            wins = each.text == key or not exact or (each.refuses and each.list.id not in exact)
        if wins and not each.why:
            found.setdefault(each.list.id, Match(each.list, each.entry))
    return found


def _neighbours(seen: Sequence[_Seen]) -> tuple[dict[int, Match], tuple[Match, ...]]:
    """(By list, the entry that counts; those that do not) of those that are one confusion away."""
    found: dict[int, Match] = {}
    holding = [each for each in seen if not each.why]
    if len({each.text for each in seen}) == 1:
        counted = [each for each in holding if each.list.fuzzy or (each.refuses and any(one.list.fuzzy for one in holding))]
    else:  # it may be any of them, so that none of them opens
        counted = [each for each in holding if each.list.fuzzy and each.refuses]
    for each in counted:
        found.setdefault(each.list.id, Match(each.list, each.entry, 1))
    return found, tuple(Match(each.list, each.entry, 1) for each in seen if each.list.id not in found)
