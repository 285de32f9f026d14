"""Bosnia and Herzegovina: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "BA",
    "Bosnia and Herzegovina",
    "Europe",
    (Format("LNN-L-NNN"),),
    letters="AEJKMOT",
)
