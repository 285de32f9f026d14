"""Iceland: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "IS",
    "Iceland",
    "Europe",
    (
        Format("LL LNN"),
        Format("LL NNN", 0.5),
    ),
    letters="ABDEFGHIJKLMNOPRSTUVXYZ",
    styles=(
        Style(ink="blue", band="IS", separator="seal"),
        Style(weight=0.1, ink="red", kind="commercial", band="IS", separator="seal"),
    ),
)
