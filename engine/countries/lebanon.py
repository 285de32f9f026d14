"""Lebanon: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "LB",
    "Lebanon",
    "Middle East",
    (Format("[A-Z] [1-9]N{0,6}"),),
    styles=(
        Style(band_colour="blue"),
        Style("red", "white", weight=0.15, kind="taxi", band_colour="blue"),
    ),
)
