"""Turkmenistan: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "TM",
    "Turkmenistan",
    "Asia",
    (Format("LL NNNN <AG,AH,BN,DZ,LB,MR>"),),
    styles=(Style(band="TM", band_colour="green"),),
)
