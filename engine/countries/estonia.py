"""Estonia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "EE",
    "Estonia",
    "Europe",
    (Format("NNN LLL"),),
    letters="ABCDEFGHIJKLMNOPRSTUVWXYZ",
    styles=(Style(band="EST", band_colour="blue"),),
)
