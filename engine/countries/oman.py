"""Oman: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "OM",
    "Oman",
    "Middle East",
    (Format("[1-9]N{0,4} L{1,2}"),),
    styles=(
        Style("yellow", header="OMAN عمان"),
        Style("red", "white", weight=0.2, kind="commercial", header="OMAN عمان"),
    ),
)
