"""New Zealand: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "NZ",
    "New Zealand",
    "Oceania",
    (
        Format("LLLNNN", note="since 2001"),
        Format("LLNNNN", 0.1, note="until 2001"),
    ),
    size_mm=(360, 125),
)
