"""Bulgaria: its plates' formats; only letters that Cyrillic and Latin share."""

from engine.countries import Country, Format

COUNTRY = Country(
    "BG",
    "Bulgaria",
    "Europe",
    (Format("@ NNNN LL"),),
    letters="ABCEHKMOPTXY",
    codes="A B BH BP BT E EB EH H K KH M OB P PA PB PK PP C CA CB CC CH CM CO CT T TX X Y",
)
