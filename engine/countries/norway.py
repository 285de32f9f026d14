"""Norway: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "NO",
    "Norway",
    "Europe",
    (
        Format("LL NNNNN"),
        Format("E[BCDEFHKLV] NNNNN", 0.4, note="electric"),
        Format("LL/NNNNN", 0.1, note="two rows"),
    ),
    letters="ABCDEFGHJKLMNPRSTUVXYZ",
    styles=(
        Style(band="N", band_colour="blue", formats=(0, 2)),
        Style("light green", weight=0.15, kind="commercial", band="N", band_colour="blue", formats=(0,)),
        Style(weight=0.4, kind="electric", band="N", band_colour="blue", formats=(1,)),
    ),
)
