"""Italy: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "IT",
    "Italy",
    "Europe",
    (
        Format("LL NNNLL"),
        Format("LL/NNNLL", 0.1, note="two rows"),
        Format("LL/NNNNN", 0.1, note="motorcycles"),
    ),
    letters="ABCDEFGHJKLMNPRSTVWXYZ",
    styles=(Style(band="I", band_colour="blue", right_band=True, separator="emblem"),),
)
