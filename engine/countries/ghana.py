"""Ghana: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "GH",
    "Ghana",
    "Africa",
    (Format("@ N{1,4}-NN"),),
    codes="AE AS AW BA CR ER GC GE GG GL GM GN GR GS GT GW GX GY NR UE UW VR WR",
    styles=(
        Style(separator="dash"),
        Style("yellow", weight=0.4, kind="commercial", separator="dash"),
    ),
)
