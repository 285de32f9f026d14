"""Malta: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "MT",
    "Malta",
    "Europe",
    (Format("LLL NNN"),),
    styles=(Style(band="M", band_colour="blue", font="fe", separator="hologram"),),
)
