"""Iraq: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "IQ",
    "Iraq",
    "Middle East",
    (Format("[1-3]N L N{4,6}", note="since 2021"),),
    styles=(
        Style(band="IRQ"),
        Style("red", "white", weight=0.2, kind="taxi", band="IRQ"),
    ),
)
