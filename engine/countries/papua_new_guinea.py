"""Papua New Guinea: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "PG",
    "Papua New Guinea",
    "Oceania",
    (Format("LLL NNN"),),
    size_mm=(372, 134),
)
