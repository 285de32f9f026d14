"""Botswana: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "BW",
    "Botswana",
    "Africa",
    (Format("B NNN LLL"),),
    styles=(
        Style(),
        Style("yellow"),
    ),
)
