"""San Marino: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "SM",
    "San Marino",
    "Europe",
    (Format("LNNNN"),),
)
