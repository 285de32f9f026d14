"""Countries: one file each describes its plates; the formats of the chosen ones settle look-alikes and name the country.

To add a country add one file that offers `COUNTRY`; it shows up in the picker, the ranking and docs/countries.md.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache

from board.kit.errors import ConfigError
from board.kit.registry import find
from engine.countries import _kinds, _mixes, _ranking
from engine.countries._description import (
    PLATE_COLOURS,
    PLATE_KINDS,
    REGIONS,
    Country,
    Format,
    Shape,
    Style,
    plain,
    plain_colour,
    sample,
    samples,
    shapes,
)
from engine.countries._mixes import script
from engine.countries._ranking import LEAST_SYMBOL_CHANCE, Grammar, Ranked
from engine.countries._scripts import to_script, to_shapes
from engine.types import SlotScores

__all__ = [
    "LEAST_SYMBOL_CHANCE",
    "PLATE_COLOURS",
    "PLATE_KINDS",
    "UNTESTED",
    "Country",
    "Format",
    "Style",
    "countries",
    "country",
    "kind",
    "mixes",
    "owners",
    "plain",
    "plain_colour",
    "rank",
    "regions",
    "sample",
    "samples",
    "script",
    "select",
    "shapes",
    "symbols",
    "to_script",
    "to_shapes",
]

UNTESTED = frozenset({"JP", "KR", "TH"})
"""Countries with a script that was learnt from drawn plates alone: no photograph tells how well it is read."""


@lru_cache(maxsize=1)
def countries() -> dict[str, Country]:
    """{code: description}, by name; a country's states follow it. ConfigError names a broken file."""
    found: dict[str, Country] = {}
    for module, described in find(sys.modules[__name__], "COUNTRY", Country).items():
        for each in (described, *described.states):
            if each.region not in REGIONS or each.code in found:
                raise ConfigError(
                    "engine.countries.{module}: {code} has an unknown region or is described twice", module=module, code=each.code
                )
            found[each.code] = each
    return found


@lru_cache(maxsize=1)
def regions() -> dict[str, tuple[Country, ...]]:
    """{region of the world: its countries by name, each followed by its states}, for the picker (manual 3.3, First access)."""
    return {region: tuple(each for each in countries().values() if each.region == region) for region in REGIONS}


def country(code: str) -> Country:
    """The description for "DE" or "US-TX"; ConfigError when there is none."""
    found = countries().get(code)
    if found is None:
        raise ConfigError("country {code!r} is not known: choose one of `python -m engine countries`", code=code)
    return found


def select(codes: Sequence[str]) -> tuple[Country, ...]:
    """Descriptions with formats for the codes; a country with states stands for all of them. ConfigError for an unknown code."""
    chosen: dict[str, Country] = {}
    for code in codes:
        described = country(code)
        for each in (described, *described.states):
            if each.formats:
                chosen[each.code] = each
    return tuple(chosen.values())


@lru_cache(maxsize=1)
def symbols() -> frozenset[str]:
    """Every character that any format of any country can hold, in the reader's shapes (`to_shapes`)."""
    return frozenset(
        symbol
        for each in countries().values()
        for fmt in each.formats
        for shape in shapes(each, fmt)
        for allowed in shape.classes
        for symbol in allowed
    )


@lru_cache(maxsize=256)
def kind(code: str, ground: str, ink: str, text: str) -> str:
    """The type of a plate (PLATE_KINDS) by its country or state, colours and text; "" for the ordinary one and when it is not
    certain. `ground`, `ink`: plain colours ("yellow"), "" when not known; a code that is not known tells nothing."""
    described = countries().get(code)
    if described is None or not described.formats:
        return ""
    return _kinds.kind(described.styles, _kinds.fitting(_ways(code), to_shapes(text)), ground, ink)


@lru_cache(maxsize=32)
def _ways(code: str) -> tuple[frozenset[Shape], ...]:
    described = country(code)
    return tuple(shapes(described, fmt) for fmt in described.formats)


def owners(text: str) -> frozenset[str]:
    """The countries (ISO alpha-2) one of whose formats the text fits, as it stands on the plate."""
    return frozenset(code for entry in _grammar(())[0].fits(to_shapes(text)) for code in entry.weights)


@lru_cache(maxsize=8)
def mixes(codes: tuple[str, ...]) -> frozenset[frozenset[str]]:
    """The sets of scripts (`script`) that stand together on plates of these countries, of the world when none is known."""
    return _mixes.mixes(_grammar(codes)[0].shapes())


def rank(slots: Sequence[SlotScores], text: str, countries: Sequence[str], head: Mapping[str, float] | None = None) -> Ranked:
    """The text as the formats of the chosen countries settle it, with country, state and characters (rules: `_ranking`).

    `slots`: what the reader saw for each character of `text`, or empty; `countries`: codes, none means the whole world;
    `head`: {ISO alpha-2: probability} as the reader's country head gave it, None where it has none.
    A code that is not known any more counts as not chosen: a camera goes on reading (settings refuse it by `select`)."""
    grammar, chosen = _grammar(tuple(countries))
    return _ranking.rank(slots, text, grammar, chosen, head)


@lru_cache(maxsize=8)
def _grammar(codes: tuple[str, ...]) -> tuple[Grammar, bool]:
    known = _known(codes)
    return Grammar(select(known or tuple(countries()))), bool(known)


def _known(codes: Sequence[str]) -> tuple[str, ...]:
    return tuple(code for code in codes if code in countries())
