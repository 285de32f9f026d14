"""Vatican City: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "VA",
    "Vatican City",
    "Europe",
    (
        Format("SCV NNNNN"),
        Format("CV NNNNN", 0.7),
    ),
    styles=(
        Style(kind="official", formats=(0,)),
        Style(formats=(1,)),
    ),
)
