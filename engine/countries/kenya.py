"""Kenya: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "KE",
    "Kenya",
    "Africa",
    (
        Format("KLL NNNL"),
        Format("KLL NNN", 0.2, note="until 2007"),
    ),
    letters="ABCDEFGHJKLMNPQRSTUVWXYZ",
)
