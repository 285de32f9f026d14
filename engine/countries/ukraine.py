"""Ukraine: its plates' formats and looks; only letters that Cyrillic and Latin share."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "UA",
    "Ukraine",
    "Europe",
    (
        Format("LL NNNN LL"),
        Format("LL/NNNN LL", 0.05, note="two rows"),
    ),
    letters="ABCEHIKMOPTX",
    styles=(
        Style(band="UA", band_colour="blue"),
        Style(weight=0.1, ink="green", kind="electric", band="UA", band_colour="blue", formats=(0,)),
    ),
)
