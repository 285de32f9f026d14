"""Bulgaria: its plates' formats and looks; only letters that Cyrillic and Latin share."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "BG",
    "Bulgaria",
    "Europe",
    (
        Format("@ NNNN LL"),
        Format("EA NNNN LL", 0.05, note="electric"),
        Format("@/NNNN LL", 0.1, note="two rows"),
    ),
    letters="ABCEHKMOPTXY",
    codes="A B BH BP BT E EB EH H K KH M OB P PA PB PK PP C CA CB CC CH CM CO CT T TX X Y",
    styles=(
        Style(band="BG", band_colour="blue", formats=(0, 2)),
        Style(weight=0.05, ink="green", kind="electric", band="BG", band_colour="blue", formats=(1,)),
    ),
)
