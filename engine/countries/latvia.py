"""Latvia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "LV",
    "Latvia",
    "Europe",
    (
        Format("LL-N{1,4}"),
        Format("<TX,TQ>-N{1,4}", 0.05, note="taxis"),
        Format("CD-N{1,4}", 0.01, note="diplomats"),
        Format("LL/N{1,4}", 0.05, note="two rows"),
    ),
    letters="ABCDEFGHIJKLMNOPRSTUVZ",
    styles=(
        Style(band="LV", band_colour="blue", font="din", separator="dash", formats=(0, 3)),
        Style("yellow", weight=0.05, kind="taxi", band="LV", band_colour="blue", font="din", separator="dash", formats=(1,)),
        Style("red", "white", weight=0.01, kind="diplomatic", font="din", separator="dash", formats=(2,)),
    ),
)
