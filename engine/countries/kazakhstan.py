"""Kazakhstan: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "KZ",
    "Kazakhstan",
    "Asia",
    (
        Format("NNN LLL [0-2]N", note="since 2012, with the region"),
        Format("NNN LL [0-2]N", 0.3, note="since 2012, companies"),
        Format("L NNN LL(L)", 0.2, note="until 2012"),
    ),
)
