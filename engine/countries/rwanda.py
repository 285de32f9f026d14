"""Rwanda: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "RW",
    "Rwanda",
    "Africa",
    (Format("RLL NNN L"),),
)
