"""Estonia: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "EE",
    "Estonia",
    "Europe",
    (Format("NNN LLL"),),
    letters="ABCDEFGHIJKLMNOPRSTUVWXYZ",
)
