"""Israel: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "IL",
    "Israel",
    "Middle East",
    (
        Format("NNN-NN-NNN", note="since 2017"),
        Format("NN-NNN-NN", note="until 2017"),
        Format("NN-NNN/NN", 0.1, note="two rows"),
    ),
    styles=(
        Style("yellow", band="IL", band_colour="blue", separator="dash", formats=(0, 1, 2)),
        Style("yellow", weight=0.3, separator="dash", formats=(1,)),
        Style("red", "white", weight=0.02, kind="police", separator="dash", formats=(1,)),
        Style("black", "white", weight=0.02, kind="military", separator="dash", formats=(0, 1)),
    ),
)
