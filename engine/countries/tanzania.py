"""Tanzania: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "TZ",
    "Tanzania",
    "Africa",
    (Format("T NNN LLL"),),
)
