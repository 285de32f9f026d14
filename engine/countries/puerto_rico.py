"""Puerto Rico: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "PR",
    "Puerto Rico",
    "North America",
    (Format("LLL-NNN"),),
    size_mm=(305, 152),
)
