"""Zambia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "ZM",
    "Zambia",
    "Africa",
    (Format("[AB]LL N{1,4}"),),
    styles=(
        Style(),
        Style("yellow"),
    ),
)
