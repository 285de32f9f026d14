"""Zambia: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "ZM",
    "Zambia",
    "Africa",
    (Format("[AB]LL N{1,4}"),),
)
