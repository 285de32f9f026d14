"""San Marino: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "SM",
    "San Marino",
    "Europe",
    (Format("LNNNN"),),
    styles=(Style(ink="blue", footer="REPUBBLICA DI SAN MARINO", separator="emblem"),),
)
