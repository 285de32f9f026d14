"""Dominican Republic: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "DO",
    "Dominican Republic",
    "North America",
    (Format("LNNNNNN"),),
    size_mm=(305, 152),
)
