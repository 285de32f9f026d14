"""Panama: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "PA",
    "Panama",
    "North America",
    (
        Format("LLNNNN"),
        Format("NNNNNN", 0.3),
    ),
    size_mm=(305, 152),
    styles=(Style(ink="dark blue", header="PANAMA", footer="ISTMO DE PANAMA|CANAL DE PANAMA"),),
)
