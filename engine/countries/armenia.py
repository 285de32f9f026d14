"""Armenia: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "AM",
    "Armenia",
    "Europe",
    (
        Format("NN LL NNN"),
        Format("NNN LL NN", 0.5),
    ),
)
