"""Lithuania: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "LT",
    "Lithuania",
    "Europe",
    (Format("LLL NNN"),),
    letters="ABCDEFGHIJKLMNOPRSTUVZ",
)
