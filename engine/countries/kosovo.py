"""Kosovo: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "XK",
    "Kosovo",
    "Europe",
    (Format("0[1-7] NNN LL"),),
)
