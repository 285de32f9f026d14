"""Madagascar: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "MG",
    "Madagascar",
    "Africa",
    (Format("NNNN L{2,3}"),),
    styles=(Style("black", "white"),),
)
