"""North Macedonia: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "MK",
    "North Macedonia",
    "Europe",
    (
        Format("LL NNNN LL"),
        Format("LL NNN LL", 0.2, note="until 2012"),
    ),
)
