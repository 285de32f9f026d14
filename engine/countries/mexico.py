"""Mexico: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "MX",
    "Mexico",
    "North America",
    (
        Format("LLL-NNN-L"),
        Format("LNN-LLL", 0.3, note="Mexico City"),
        Format("LLL-NN-NN", 0.5, note="before 2016"),
        Format("NNN-LLL", 0.2, note="Mexico City, earlier"),
    ),
    letters="ABCDEFGHJKLMNPRSTUVWXYZ",
    size_mm=(305, 152),
)
