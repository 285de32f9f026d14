"""Hungary: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "HU",
    "Hungary",
    "Europe",
    (
        Format("LLL-NNN", note="until 2022"),
        Format("LL LL-NNN", 0.5, note="since 2022"),
    ),
)
