"""Faroe Islands: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "FO",
    "Faroe Islands",
    "Europe",
    (Format("LL NNN"),),
    styles=(Style(band="FO", band_colour="blue"),),
)
