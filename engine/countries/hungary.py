"""Hungary: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "HU",
    "Hungary",
    "Europe",
    (
        Format("LLL-NNN", note="until 2022"),
        Format("LL LL-NNN", 0.5, note="since 2022"),
        Format("LLL/NNN", 0.1, note="two rows"),
    ),
    styles=(
        Style(band="H", band_colour="blue", separator="dash", formats=(0, 2)),
        Style(band="H", band_colour="blue", separator="emblem", formats=(1,)),
        Style("light green", weight=0.1, kind="electric", band="H", band_colour="blue", separator="dash", formats=(0, 1)),
        Style("yellow", weight=0.03, kind="taxi", band="H", band_colour="blue", separator="dash", formats=(0,)),
    ),
)
