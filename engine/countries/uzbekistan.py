"""Uzbekistan: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "UZ",
    "Uzbekistan",
    "Asia",
    (
        Format("NN L NNN LL"),
        Format("NN NNN LLL", 0.5, note="companies"),
    ),
)
