"""Latvia: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "LV",
    "Latvia",
    "Europe",
    (Format("LL-N{1,4}"),),
    letters="ABCDEFGHIJKLMNOPRSTUVZ",
)
