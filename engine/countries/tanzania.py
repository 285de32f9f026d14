"""Tanzania: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "TZ",
    "Tanzania",
    "Africa",
    (
        Format("T NNN LLL"),
        Format("MC NNN LLL", 0.2, note="motorcycles"),
    ),
    styles=(
        Style("yellow"),
        Style(weight=0.3, kind="commercial"),
    ),
)
