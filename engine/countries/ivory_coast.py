"""Ivory Coast: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "CI",
    "Ivory Coast",
    "Africa",
    (
        Format("LL-NNN-LL", 0.5, note="since 2023"),
        Format("[1-9]N{0,3} L{2} 0[1-9]", note="until 2023"),
    ),
    styles=(
        Style(separator="dash", formats=(0,)),
        Style(formats=(1,)),
    ),
)
