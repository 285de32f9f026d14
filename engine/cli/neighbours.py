"""Neighbours: each labelled plate read with its own country and three neighbours of it chosen, as an installer would."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from engine.cli.labels import Label, LabelledSet
from engine.cli.scoring import PlateReader, Tally, evaluate, names_country, real_countries, together

NEIGHBOURS = {
    "AR": "BR CL UY", "AT": "DE CH SI", "BE": "NL FR LU", "BG": "RO GR TR", "BR": "AR UY PY", "CH": "DE FR IT",
    "CN": "HK MO VN", "CZ": "SK PL DE", "DE": "AT FR PL", "DK": "DE SE NO", "EE": "LV FI LT", "EG": "LY SA JO", "ES": "PT FR AD",
    "FI": "SE NO EE", "FR": "ES BE DE", "GB": "IE FR NL", "GR": "BG MK TR", "HR": "SI HU RS", "HU": "AT SK RO", "IE": "GB FR IM",
    "IN": "PK LK MM", "IR": "IQ TR AE", "IT": "FR CH AT", "LT": "LV PL BY", "LU": "BE FR DE", "LV": "LT EE RU", "NL": "BE DE GB",
    "NO": "SE DK FI", "PK": "IN IR AE", "PL": "DE CZ SK", "PT": "ES FR GI", "RO": "HU BG MD", "RS": "HU HR BA", "SE": "NO DK FI",
    "SI": "AT HR IT", "SK": "CZ HU AT", "TN": "DZ LY MA", "TR": "BG GR GE", "UA": "PL RO MD", "US": "CA MX GT", "VN": "KH TH CN",
}  # fmt: skip
"""Three countries near by whose cars an installer there would choose too; countries that are not here are left out."""


def chosen_with(country: str) -> tuple[str, ...]:
    """The country and its three neighbours."""
    return (country, *NEIGHBOURS[country].split())


def by_real_country(sets: Iterable[LabelledSet]) -> dict[str, list[LabelledSet]]:
    """The labels whose country is known, by it, as sets of their own: of every picture only the labels of that country."""
    found: dict[str, list[LabelledSet]] = defaultdict(list)
    for one in sets:
        pictures: dict[str, dict[Path, list[Label]]] = defaultdict(dict)
        for picture, labels in one.pictures.items():
            for label in labels:
                among = real_countries(label.country, label.text) if names_country(label.country) else frozenset[str]()
                if len(among) == 1 and label.text and (code := min(among)) in NEIGHBOURS:
                    pictures[code].setdefault(picture, []).append(label)
        for code, some in pictures.items():
            found[code].append(replace(one, pictures=some, trained_on=frozenset(some)))
    return dict(found)


def with_neighbours(reader_of: Callable[[Sequence[str]], PlateReader], sets: Iterable[LabelledSet]) -> dict[str, Tally]:
    """{country: its plates, read with it and its neighbours chosen}, by code; the last one, "together", all of them."""
    tallies = {code: together(evaluate(reader_of(chosen_with(code)), some)) for code, some in sorted(by_real_country(sets).items())}
    return {**tallies, "together": together(tallies.values())}
