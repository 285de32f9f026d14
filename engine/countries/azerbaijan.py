"""Azerbaijan: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "AZ",
    "Azerbaijan",
    "Europe",
    (Format("NN-LL-NNN"),),
    styles=(Style(band="AZ", separator="dash"),),
)
