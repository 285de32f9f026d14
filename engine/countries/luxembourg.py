"""Luxembourg: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "LU",
    "Luxembourg",
    "Europe",
    (
        Format("LL NNNN"),
        Format("NNNN(N)", 0.2),
    ),
    letters="ABCDEFGHJKLMNPQRSTUVWXYZ",
    styles=(Style("yellow", band="L", band_colour="blue"),),
)
