"""Belarus: its plates' formats and looks; only letters that Cyrillic and Latin share."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "BY",
    "Belarus",
    "Europe",
    (
        Format("NNNN LL-[0-8]"),
        Format("N LLL NNNN", 0.05, note="others than cars"),
    ),
    letters="ABEIKMHOPCTX",
    styles=(Style(band="BY", separator="dash"),),
)
