"""Honduras: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "HN",
    "Honduras",
    "North America",
    (Format("LLL NNNN"),),
    size_mm=(305, 152),
)
