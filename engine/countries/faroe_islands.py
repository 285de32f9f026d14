"""Faroe Islands: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "FO",
    "Faroe Islands",
    "Europe",
    (Format("LL NNN"),),
)
