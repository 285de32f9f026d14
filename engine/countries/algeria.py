"""Algeria: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "DZ",
    "Algeria",
    "Africa",
    (Format("NNNNN(N) NNN NN"),),
)
