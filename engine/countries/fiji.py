"""Fiji: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "FJ",
    "Fiji",
    "Oceania",
    (Format("LL NNN"),),
    size_mm=(360, 125),
)
