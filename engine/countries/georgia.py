"""Georgia: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "GE",
    "Georgia",
    "Europe",
    (
        Format("LL-NNN-LL", note="since 2014"),
        Format("LLL-NNN", 0.3, note="until 2014"),
    ),
)
