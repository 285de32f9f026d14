"""Gibraltar: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "GI",
    "Gibraltar",
    "Europe",
    (Format("G NNNN L"),),
)
