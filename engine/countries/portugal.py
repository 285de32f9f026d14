"""Portugal: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "PT",
    "Portugal",
    "Europe",
    (
        Format("[A-Z]{2}-NN-[A-Z]{2}", note="since 2020, with K W Y"),
        Format("NN-LL-NN", note="2005 to 2020"),
        Format("NN-NN-LL", 0.7, note="1992 to 2005"),
        Format("LL-NN-NN", 0.1, note="until 1992"),
        Format("[A-Z]{2}-NN/[A-Z]{2}", 0.1, note="two rows"),
    ),
    letters="ABCDEFGHIJLMNOPQRSTUVXZ",
    styles=(
        Style(band="P", band_colour="blue", formats=(0, 4)),
        Style(band="P", band_colour="blue", right_band=True, right_colour="yellow", separator="dash", formats=(1, 2)),
        Style("black", "white", weight=0.05, separator="dash", formats=(3,)),
    ),
)
