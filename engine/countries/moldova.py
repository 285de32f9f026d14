"""Moldova: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "MD",
    "Moldova",
    "Europe",
    (
        Format("LLL NNN", note="since 2015"),
        Format("L(L) LL NNN", 0.3, note="until 2015, with the district"),
    ),
)
