"""Oman: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "OM",
    "Oman",
    "Middle East",
    (Format("[1-9]N{0,4} L{1,2}"),),
)
