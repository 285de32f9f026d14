"""Bolivia: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "BO",
    "Bolivia",
    "South America",
    (Format("NNN(N) LLL"),),
    size_mm=(300, 150),
)
