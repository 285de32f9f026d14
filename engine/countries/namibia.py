"""Namibia: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "NA",
    "Namibia",
    "Africa",
    (Format("N [1-9]N{0,5} L{1,2}"),),
)
