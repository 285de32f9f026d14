"""Nigeria: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "NG",
    "Nigeria",
    "Africa",
    (Format("LLL-NNNLL"),),
)
