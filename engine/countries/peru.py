"""Peru: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "PE",
    "Peru",
    "South America",
    (
        Format("LNL-NNN"),
        Format("LLL-NNN", 0.2),
        Format("LLN-NNN", 0.2),
    ),
    size_mm=(300, 150),
)
