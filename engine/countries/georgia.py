"""Georgia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "GE",
    "Georgia",
    "Europe",
    (
        Format("LL-NNN-LL", note="since 2014"),
        Format("LLL-NNN", 0.3, note="until 2014"),
    ),
    styles=(
        Style(band="GE", band_colour="blue", separator="dash", formats=(0,)),
        Style(weight=0.3, band="GE", separator="dash", formats=(1,)),
    ),
)
