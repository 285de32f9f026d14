"""Panama: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "PA",
    "Panama",
    "North America",
    (
        Format("LLNNNN"),
        Format("NNNNNN", 0.3),
    ),
    size_mm=(305, 152),
)
