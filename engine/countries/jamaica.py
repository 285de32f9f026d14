"""Jamaica: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "JM",
    "Jamaica",
    "North America",
    (Format("NNNN LL"),),
    size_mm=(305, 152),
)
