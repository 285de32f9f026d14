"""Bahrain: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "BH",
    "Bahrain",
    "Middle East",
    (Format("[1-9]N{4,5}"),),
)
