"""Cameroon: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "CM",
    "Cameroon",
    "Africa",
    (Format("<AD,CE,EN,ES,LT,NO,NW,OU,SU,SW> NNN L{1,2}"),),
    styles=(Style("orange", band="CMR", band_colour="dark green"),),
)
