"""Jamaica: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "JM",
    "Jamaica",
    "North America",
    (Format("NNNN LL"),),
    size_mm=(305, 152),
    styles=(
        Style(ink="dark blue", header="JAMAICA"),
        Style("red", "white", weight=0.2, kind="commercial", header="JAMAICA"),
    ),
)
