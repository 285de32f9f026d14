"""Cuba: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "CU",
    "Cuba",
    "North America",
    (Format("L NNN NNN"),),
)
