"""Greece: its plates' formats; only letters that Greek and Latin share."""

from engine.countries import Country, Format

COUNTRY = Country(
    "GR",
    "Greece",
    "Europe",
    (Format("LLL-NNNN"),),
    letters="ABEZHIKMNOPTYX",
)
