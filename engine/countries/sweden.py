"""Sweden: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "SE",
    "Sweden",
    "Europe",
    (
        Format("LLL NNN"),
        Format("LLL NNL", 0.5, note="since 2019"),
    ),
    letters="ABCDEFGHJKLMNOPRSTUWXYZ",
)
