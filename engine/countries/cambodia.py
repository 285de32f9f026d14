"""Cambodia: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "KH",
    "Cambodia",
    "Asia",
    (Format("[12]L(L)-NNNN"),),
    size_mm=(340, 150),
)
