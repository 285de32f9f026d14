"""Azerbaijan: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "AZ",
    "Azerbaijan",
    "Europe",
    (Format("NN-LL-NNN"),),
)
