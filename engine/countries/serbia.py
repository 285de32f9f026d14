"""Serbia: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "RS",
    "Serbia",
    "Europe",
    (Format("LL NNN(N)-LL"),),
)
