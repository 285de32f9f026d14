"""Kuwait: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "KW",
    "Kuwait",
    "Middle East",
    (
        Format("[1-9]N(N)-N{1,5}"),
        Format("[1-9]-N{1,5}", 0.5),
    ),
    styles=(Style(header="KUWAIT الكويت", separator="emblem"),),
)
