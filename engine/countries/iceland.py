"""Iceland: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "IS",
    "Iceland",
    "Europe",
    (
        Format("LL LNN"),
        Format("LL NNN", 0.5),
    ),
    letters="ABDEFGHIJKLMNOPRSTUVXYZ",
)
