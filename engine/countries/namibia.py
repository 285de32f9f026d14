"""Namibia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "NA",
    "Namibia",
    "Africa",
    (Format("[N] [1-9]N{0,5} L{1,2}"),),
    styles=(Style("yellow", separator="emblem"),),
)
