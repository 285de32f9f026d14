"""North Macedonia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "MK",
    "North Macedonia",
    "Europe",
    (
        Format("LL NNNN LL"),
        Format("LL NNN LL", 0.2, note="until 2012"),
    ),
    styles=(
        Style(band="MK", band_colour="blue", separator="emblem"),
        Style(band="NMK", band_colour="blue", separator="emblem", formats=(0,)),
    ),
)
