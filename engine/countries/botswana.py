"""Botswana: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "BW",
    "Botswana",
    "Africa",
    (Format("B NNN LLL"),),
)
