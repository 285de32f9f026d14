"""Peru: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "PE",
    "Peru",
    "South America",
    (
        Format("LNL-NNN"),
        Format("LLL-NNN", 0.2),
        Format("LLN-NNN", 0.2),
        Format("NNNN-NL", 0.3, note="motorcycles"),
    ),
    size_mm=(300, 150),
    styles=(
        Style(header="PERU", separator="dash"),
        Style(weight=0.3, kind="taxi", header="PERU", header_ground="yellow", separator="dash"),
    ),
)
