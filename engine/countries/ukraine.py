"""Ukraine: its plates' formats; only letters that Cyrillic and Latin share."""

from engine.countries import Country, Format

COUNTRY = Country(
    "UA",
    "Ukraine",
    "Europe",
    (Format("LL NNNN LL"),),
    letters="ABCEHIKMOPTX",
)
