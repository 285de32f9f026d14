"""Ecuador: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "EC",
    "Ecuador",
    "South America",
    (
        Format("LLL-NNNN"),
        Format("LLL-NNN", 0.2),
    ),
    size_mm=(404, 154),
)
