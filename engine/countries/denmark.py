"""Denmark: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "DK",
    "Denmark",
    "Europe",
    (Format("LL NN NNN"),),
    letters="ABCDEFGHJKLMNOPRSTUVWXYZ",
    size_mm=(504, 120),
)
