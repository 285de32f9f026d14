"""Monaco: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "MC",
    "Monaco",
    "Europe",
    (
        Format("NNNN"),
        Format("LNNN"),
        Format("NNNL", 0.5),
    ),
    size_mm=(320, 80),
    styles=(Style(ink="blue", footer="PRINCIPAUTE DE MONACO", separator="emblem"),),
)
