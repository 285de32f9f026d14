"""Colombia: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "CO",
    "Colombia",
    "South America",
    (
        Format("LLL-NNN"),
        Format("LLL/NNL", 0.3, note="motorcycles"),
    ),
    size_mm=(330, 160),
)
