"""Slovakia: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "SK",
    "Slovakia",
    "Europe",
    (Format("LL NNN-LL"),),
    letters="ABCDEFGHIJKLMNOPRSTUVWXYZ",
)
