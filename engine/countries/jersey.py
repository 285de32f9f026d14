"""Jersey: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "JE",
    "Jersey",
    "Europe",
    (Format("J N{4,6}"),),
)
