"""Costa Rica: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "CR",
    "Costa Rica",
    "North America",
    (
        Format("LLL-NNN"),
        Format("NNNNNN", 0.3),
    ),
    size_mm=(305, 152),
)
