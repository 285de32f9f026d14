"""Tajikistan: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "TJ",
    "Tajikistan",
    "Asia",
    (Format("NNNN LL 0N"),),
    styles=(Style(band="TJ"),),
)
