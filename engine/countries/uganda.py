"""Uganda: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "UG",
    "Uganda",
    "Africa",
    (
        Format("ULL NNNL"),
        Format("U[A-Z] NNNLL", 0.2, note="since 2023"),
        Format("UG NNNNL", 0.06, note="government"),
    ),
    styles=(
        Style(font="uk"),
        Style("yellow", font="uk"),
    ),
)
