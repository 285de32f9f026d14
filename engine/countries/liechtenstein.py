"""Liechtenstein: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "LI",
    "Liechtenstein",
    "Europe",
    (Format("FL [1-9]N{0,4}"),),
    size_mm=(500, 110),
)
