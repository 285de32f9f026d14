"""Bahrain: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "BH",
    "Bahrain",
    "Middle East",
    (Format("[1-9]N{4,5}"),),
    styles=(Style(header="BAHRAIN البحرين"),),
)
