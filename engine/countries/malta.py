"""Malta: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "MT",
    "Malta",
    "Europe",
    (Format("LLL NNN"),),
)
