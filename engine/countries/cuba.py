"""Cuba: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "CU",
    "Cuba",
    "North America",
    (Format("L NNN NNN"),),
    styles=(Style(band="CUBA", band_colour="blue", font="fe"),),
)
