"""Italy: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "IT",
    "Italy",
    "Europe",
    (Format("LL NNNLL"),),
    letters="ABCDEFGHJKLMNPRSTVWXYZ",
)
