"""Sweden: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "SE",
    "Sweden",
    "Europe",
    (
        Format("LLL NNN"),
        Format("LLL NN[A-HJ-NPR-UW-Z]", 0.5, note="since 2019"),
        Format("LLL NNN T", 0.02, note="taxis"),
        Format("LL NNN L", 0.01, note="diplomats"),
        Format("LLL/NNN", 0.05, note="two rows"),
    ),
    letters="ABCDEFGHJKLMNOPRSTUWXYZ",
    styles=(
        Style(band="S", band_colour="blue", formats=(0, 1, 4)),
        Style("yellow", weight=0.05, kind="taxi", band="S", band_colour="blue", formats=(2,)),
        Style("light blue", "black", weight=0.02, kind="diplomatic", formats=(3,)),
    ),
)
