"""Gibraltar: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "GI",
    "Gibraltar",
    "Europe",
    (Format("G NNNN L"),),
    styles=(
        Style(band="GBZ", band_colour="blue", font="uk"),
        Style("yellow", band="GBZ", band_colour="blue", font="uk"),
    ),
)
