"""Montenegro: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "ME",
    "Montenegro",
    "Europe",
    (Format("LL LLNNN"),),
)
