"""El Salvador: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "SV",
    "El Salvador",
    "North America",
    (
        Format("PN{3}-NNN"),
        Format("PN{2,5}", 0.1),
    ),
    size_mm=(305, 152),
)
