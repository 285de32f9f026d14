"""Jersey: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "JE",
    "Jersey",
    "Europe",
    (Format("J N{4,6}"),),
    styles=(
        Style(band="GBJ", band_colour="blue", font="uk"),
        Style("yellow", band="GBJ", band_colour="blue", font="uk"),
    ),
)
