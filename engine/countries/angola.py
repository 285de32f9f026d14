"""Angola: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "AO",
    "Angola",
    "Africa",
    (Format("LL-NN-NN-LL"),),
    styles=(Style(separator="dash"),),
)
