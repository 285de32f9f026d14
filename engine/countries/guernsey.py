"""Guernsey: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "GG",
    "Guernsey",
    "Europe",
    (Format("[1-9]N{2,4}"),),
    styles=(
        Style("black", "light grey", font="uk"),
        Style(weight=0.5, band="GBG", band_colour="blue", font="uk"),
        Style("yellow", weight=0.5, band="GBG", band_colour="blue", font="uk"),
    ),
)
