"""Lebanon: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "LB",
    "Lebanon",
    "Middle East",
    (Format("[A-Z] [1-9]N{2,6}"),),
)
