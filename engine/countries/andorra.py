"""Andorra: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "AD",
    "Andorra",
    "Europe",
    (Format("LNNNN"),),
    styles=(Style(footer="PRINCIPAT D'ANDORRA"),),
)
