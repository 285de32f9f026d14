"""Cyprus: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "CY",
    "Cyprus",
    "Europe",
    (Format("LLL NNN"),),
)
