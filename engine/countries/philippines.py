"""Philippines: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "PH",
    "Philippines",
    "Asia",
    (
        Format("LLL NNNN", note="since 2014"),
        Format("LLL NNN", 0.7, note="until 2014"),
    ),
    size_mm=(390, 140),
)
