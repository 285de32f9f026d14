"""Democratic Republic of the Congo: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "CD",
    "Democratic Republic of the Congo",
    "Africa",
    (Format("NNNN LL NN"),),
    styles=(Style(band="CGO", band_colour="blue"),),
)
