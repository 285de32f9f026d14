"""Ukraine: its plates' formats; only letters that Cyrillic and Latin share."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "UA",
    "Ukraine",
    "Europe",
    (
        Format("LL NNNN LL"),
        Format("[XYZ][A-Z] NNNN LL", 0.05, note="electric"),
        Format("LL/NNNN LL", 0.05, note="two rows"),
    ),
    letters="ABCEHIKMOPTX",
    styles=(
        Style(band="UA", band_colour="blue", formats=(0, 2)),
        Style(weight=0.1, ink="green", kind="electric", band="UA", band_colour="blue", formats=(0, 1)),
    ),
)
