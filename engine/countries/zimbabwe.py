"""Zimbabwe: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "ZW",
    "Zimbabwe",
    "Africa",
    (Format("LLL NNNN"),),
)
