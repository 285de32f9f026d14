"""Uruguay: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "UY",
    "Uruguay",
    "South America",
    (Format("LLL NNNN"),),
    size_mm=(400, 130),
)
