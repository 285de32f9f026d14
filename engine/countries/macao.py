"""Macao: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "MO",
    "Macao",
    "Asia",
    (Format("[AMC][A-Z]-NN-NN"),),
    styles=(Style("black", "white", font="uk", separator="dash"),),
)
