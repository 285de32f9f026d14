"""Finland: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "FI",
    "Finland",
    "Europe",
    (
        Format("LLL-N{1,3}"),
        Format("LL-N{1,3}", 0.1),
    ),
    size_mm=(442, 118),
)
