"""Kosovo: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "XK",
    "Kosovo",
    "Europe",
    (Format("0[1-7] NNN LL"),),
    styles=(Style(band="RKS", band_colour="blue", separator="emblem"),),
)
