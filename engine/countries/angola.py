"""Angola: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "AO",
    "Angola",
    "Africa",
    (Format("LL-NN-NN-LL"),),
)
