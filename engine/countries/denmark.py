"""Denmark: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "DK",
    "Denmark",
    "Europe",
    (
        Format("LL NN NNN"),
        Format("LL/NN NNN", 0.1, note="two rows"),
    ),
    letters="ABCDEFGHJKLMNOPRSTUVWXYZ",
    size_mm=(504, 120),
    styles=(
        Style(band="DK", band_colour="blue"),
        Style(weight=0.7),
        Style("yellow", weight=0.15, kind="commercial", formats=(0,)),
        Style("blue", "white", weight=0.02, kind="diplomatic", formats=(0,)),
    ),
)
