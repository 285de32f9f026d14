"""Macao: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "MO",
    "Macao",
    "Asia",
    (Format("[AMC][A-Z]-NN-NN"),),
)
