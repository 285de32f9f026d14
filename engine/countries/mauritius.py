"""Mauritius: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "MU",
    "Mauritius",
    "Africa",
    (Format("[1-9]N{0,3} LLNN"),),
    styles=(
        Style("black", "white", font="uk"),
        Style(weight=0.5, font="uk"),
    ),
)
