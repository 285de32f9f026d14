"""Uzbekistan: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "UZ",
    "Uzbekistan",
    "Asia",
    (
        Format("NN L NNN LL"),
        Format("NN NNN LLL", 0.5, note="companies"),
    ),
    styles=(Style(footer="UZ"),),
)
