"""Tajikistan: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "TJ",
    "Tajikistan",
    "Asia",
    (Format("NNNN LL 0N"),),
)
