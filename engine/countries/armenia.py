"""Armenia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "AM",
    "Armenia",
    "Europe",
    (
        Format("NN LL NNN"),
        Format("NNN LL NN", 0.5),
    ),
    styles=(
        Style(band="AM", band_colour="blue"),
        Style(weight=0.5, band="AM"),
    ),
)
