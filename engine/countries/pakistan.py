"""Pakistan: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "PK",
    "Pakistan",
    "Asia",
    (
        Format("LLL-NNN(N)"),
        Format("LL-NNNN", 0.3),
        Format("LLL NN NNN", 0.3, note="Punjab"),
    ),
    size_mm=(330, 160),
)
