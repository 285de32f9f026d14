"""Mozambique: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "MZ",
    "Mozambique",
    "Africa",
    (Format("LLL NNN <CD,GZ,IB,MC,MN,MP,NP,NS,SF,TT,ZB>"),),
)
