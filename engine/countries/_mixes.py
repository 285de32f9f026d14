"""Mixes: which scripts stand together on one plate, taken from the formats of the countries (nobody lists them by hand)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from engine.countries._description import Shape

LATIN = frozenset({"LATIN", "DIGIT"})
"""Legal whatever was chosen: a car of another country is read as it is, so that a list of refused plates can hold it."""


@lru_cache(maxsize=1024)
def script(symbol: str) -> str:
    """The script of a character by its Unicode name: "LATIN", "DIGIT" (0-9), "ARABIC", "INDIC" (both kinds of Arabic-Indic
    digits), "CJK", "HANGUL", "THAI", "HIRAGANA" ...; "" for one without a name."""
    name = unicodedata.name(symbol, "")
    return "INDIC" if "ARABIC-INDIC" in name else name.partition(" ")[0]


def mixes(found: Iterable[Shape]) -> frozenset[frozenset[str]]:
    """The sets of scripts that these shapes hold, Latin letters with digits always among them; none lies within another."""
    kinds: dict[frozenset[str], frozenset[str]] = {}
    sets = {LATIN}
    for shape in found:
        for allowed in shape.classes:
            if allowed not in kinds:
                kinds[allowed] = frozenset(map(script, allowed))
        sets.add(frozenset().union(*(kinds[allowed] for allowed in shape.classes)))
    return frozenset(mix for mix in sets if not any(mix < other for other in sets))
