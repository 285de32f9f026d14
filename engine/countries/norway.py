"""Norway: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "NO",
    "Norway",
    "Europe",
    (Format("LL NNNNN"),),
    letters="ABCDEFGHJKLMNPRSTUVXYZ",
)
