"""Lithuania: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "LT",
    "Lithuania",
    "Europe",
    (
        Format("LLL NNN"),
        Format("T NNNNN", 0.03, note="taxis"),
        Format("LLL/NNN", 0.1, note="two rows"),
        Format("EL NNNN", 0.2, note="electric, since 2016"),
    ),
    letters="ABCDEFGHIJKLMNOPRSTUVZ",
    styles=(
        Style(band="LT", band_colour="blue", separator="seal", formats=(0, 2)),
        Style("yellow", weight=0.05, kind="taxi", band="LT", band_colour="blue", formats=(1,)),
        Style(weight=0.1, kind="electric", band="LT", band_colour="blue", formats=(3,)),
    ),
)
