"""Brunei: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "BN",
    "Brunei",
    "Asia",
    (Format("[BKPT]L{1,2} [1-9]N{0,3}"),),
    styles=(Style("black", "white", font="uk"),),
)
