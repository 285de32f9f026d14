"""Luxembourg: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "LU",
    "Luxembourg",
    "Europe",
    (
        Format("LL NNNN"),
        Format("NNNN(N)", 0.2),
    ),
    letters="ABCDEFGHJKLMNPQRSTUVWXYZ",
)
