"""Andorra: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "AD",
    "Andorra",
    "Europe",
    (Format("LNNNN"),),
)
