"""Libya: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "LY",
    "Libya",
    "Africa",
    (Format("[1-9](N)-N{4,6}"),),
    styles=(Style(header="LIBYA ليبيا", separator="dash"),),
)
