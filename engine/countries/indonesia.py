"""Indonesia: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "ID",
    "Indonesia",
    "Asia",
    (Format("L{1,2} [1-9]N{0,3} L{1,3}"),),
    size_mm=(430, 135),
)
