"""Cyprus: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "CY",
    "Cyprus",
    "Europe",
    (Format("LLL NNN"),),
    styles=(
        Style(band="CY", band_colour="blue"),
        Style("yellow", weight=0.2),
    ),
)
