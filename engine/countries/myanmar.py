"""Myanmar: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "MM",
    "Myanmar",
    "Asia",
    (Format("[1-9]L-NNNN"),),
)
