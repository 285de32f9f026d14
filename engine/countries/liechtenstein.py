"""Liechtenstein: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "LI",
    "Liechtenstein",
    "Europe",
    (Format("F[L] [1-9]N{0,4}"),),
    size_mm=(500, 110),
    styles=(Style("black", "white", separator="emblem"),),
)
