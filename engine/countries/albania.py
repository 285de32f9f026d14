"""Albania: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "AL",
    "Albania",
    "Europe",
    (
        Format("LL NNN LL", note="since 2011"),
        Format("LL NNNN L", 0.1, note="until 2011"),
    ),
)
