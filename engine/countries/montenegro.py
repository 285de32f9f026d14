"""Montenegro: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "ME",
    "Montenegro",
    "Europe",
    (Format("LL LLNNN"),),
    styles=(Style(band="MNE", band_colour="blue", separator="emblem"),),
)
