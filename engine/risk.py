"""Risk: how many strangers a list would let in by mistake, and which of its plates are easily taken for one another.

Strangers are made-up plates of the chosen countries, the same ones each time. Everything is read in a few hundred look-ups,
whatever the length of the list, and holds no lock.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from board.kit.dataclass import dataclass
from engine import countries
from engine.lists import fold, normalise, variants
from engine.store import Store
from engine.types import WILDCARDS, PlateList

STRANGERS = 10_000
SEED = 20_261_127
MOST_LOOKED_AT = 20_000
"""Of a longer list, so many plates spread over it are compared with all others."""
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Pattern:
    """A wildcard and how many of the strangers fit it."""

    plate: str
    strangers: int


@dataclass(frozen=True, slots=True)
class Near:
    """Two listed plates that are one confusion apart. `other_list`: the name of the other one's."""

    plate: str
    other: str
    other_list: str


@dataclass(frozen=True, slots=True)
class Risk:
    """Of `strangers` made-up plates: `exact` are listed themselves, look-alikes (O and 0, I and 1) among them; `wildcards` fit one
    of the list; `fuzzy` are one confusion away from one of its plates and closer to no other. `admitted`: those that the list would
    take for its own as it is set now.

    `patterns`: the wildcards that most of them fit; `near`: the first 100 found; `looked_at`: plates of the list that were compared
    for that."""

    strangers: int
    exact: int
    wildcards: int
    fuzzy: int
    admitted: int
    patterns: tuple[Pattern, ...]
    near: tuple[Near, ...]
    looked_at: int


def strangers(codes: Sequence[str], number: int = STRANGERS) -> list[str]:
    """So many made-up plates (normalised) of these countries, of the world when there is none; the same for the same codes. Each
    country is as likely as another, and a country's formats as likely as they are common."""
    draw = random.Random(SEED)
    found = list(islice(_drawn(countries.select(tuple(codes) or tuple(countries.countries())), draw), number))
    return [normalise(countries.plain(each)) for each in found]


def _drawn(chosen: Sequence[countries.Country], draw: random.Random) -> Iterator[str]:
    made = [[countries.samples(each, fmt, draw) for fmt in each.formats] for each in chosen]
    weights = [[fmt.weight for fmt in each.formats] for each in chosen]
    while True:
        at = draw.randrange(len(chosen))
        yield next(draw.choices(made[at], weights[at])[0])


def risk(store: Store, plate_list: PlateList, codes: Sequence[str], number: int = STRANGERS) -> Risk:
    """Of one list; look-alikes count as the same, as they do by default."""
    coming = strangers(codes, number)
    keys = {key: fold(key) for key in coming}
    listed = store.entries.having(set(keys.values()))
    exact = {key for key, folded in keys.items() if any(list_id == plate_list.id for list_id, _, _ in listed.get(folded, ()))}
    wildcards = _Wildcards(store)
    fits = {key: wildcards.fit(folded) for key, folded in keys.items()}
    wild = {key for key, found in fits.items() if key not in exact and any(list_id == plate_list.id for list_id, _ in found)}
    unknown = [key for key, folded in keys.items() if not fits[key] and folded not in listed]
    fuzzy = _meant(store, plate_list, unknown)
    counts = [sum(key in found for key in coming) for found in (exact, wild, fuzzy)]
    admits = Counter(plate for key in coming for list_id, plate in fits[key] if list_id == plate_list.id)
    near, looked_at = _near(store, plate_list)
    return Risk(
        strangers=len(coming),
        exact=counts[0],
        wildcards=counts[1],
        fuzzy=counts[2],
        admitted=counts[0] + counts[1] + (counts[2] if plate_list.fuzzy else 0),
        patterns=tuple(Pattern(*each) for each in admits.most_common(MOST_SHOWN)),
        near=near,
        looked_at=looked_at,
    )


class _Wildcards:
    """The wildcards of all lists, by the character that they begin with."""

    def __init__(self, store: Store) -> None:
        self._by_first: dict[str, list[tuple[re.Pattern[str], int, str]]] = {}
        for list_id, folded, plate in store.entries.wildcards():
            pattern = re.compile(re.escape(folded).replace(r"\?", ".").replace(r"\*", ".*"))
            self._by_first.setdefault("" if folded[0] in WILDCARDS else folded[0], []).append((pattern, list_id, plate))

    def fit(self, folded: str) -> list[tuple[int, str]]:
        """(List, plate) of those that fit."""
        near = (*self._by_first.get("", ()), *self._by_first.get(folded[:1], ()))
        return [(list_id, plate) for pattern, list_id, plate in near if pattern.fullmatch(folded)]


def _meant(store: Store, plate_list: PlateList, keys: Sequence[str]) -> set[str]:
    """Those that would be taken for a plate of the list that is one confusion away (engine/lists/matching.py)."""
    found = set()
    for some in _pieces(keys):
        nearest = {key: {fold(other) for other in variants(fold(key))} for key in some}
        listed = store.entries.having(set().union(*nearest.values()))
        for key, others in nearest.items():
            entries = [entry for other in others for entry in listed.get(other, ())]
            if len({text for _, text, _ in entries}) == 1 and any(list_id == plate_list.id for list_id, _, _ in entries):
                found.add(key)
    return found


def _near(store: Store, plate_list: PlateList) -> tuple[tuple[Near, ...], int]:
    """(Pairs; how many plates were compared)."""
    spread = store.entries.spread(plate_list.id, MOST_LOOKED_AT)
    names = {each.id: each.name for each in store.lists()}
    found: dict[frozenset[str], Near] = {}
    for some in _pieces(list(spread)):
        nearest = {key: {fold(other) for other in variants(fold(key))} - {fold(key)} for key in some}
        listed = store.entries.having(set().union(*nearest.values()))
        for key, others in nearest.items():
            for list_id, text, plate in (entry for other in sorted(others) for entry in listed.get(other, ())):
                found.setdefault(frozenset((key, text)), Near(spread[key], plate, names.get(list_id, "")))
        if len(found) >= MOST_SHOWN:
            break
    return tuple(found.values())[:MOST_SHOWN], len(spread)


def _pieces(keys: Sequence[str], size: int = 1000) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
