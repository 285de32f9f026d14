"""France: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "FR",
    "France",
    "Europe",
    (
        Format("LL-NNN-LL", note="since 2009"),
        Format("[1-9]N{1,3} LL(L) NN", 0.1, note="until 2009, with the department"),
        Format("[1-9]N{1,3} LL(L) 2[AB]", 0.02, note="until 2009, Corsica"),
        Format("[1-9]N{0,2} <C,CD,CMD> N{1,4}", 0.02, note="diplomats"),
        Format("LL-NNN/LL", 0.1, note="two rows"),
        Format("[1-9]N{1,3} LL(L)/NN", 0.03, note="until 2009, two rows"),
        Format("[1-9]N{1,3} LL(L) 97[1-46]", 0.02, note="until 2009, overseas"),
    ),
    letters="ABCDEFGHJKLMNPQRSTVWXYZ",
    styles=(
        Style(band="F", band_colour="blue", right_band=True, separator="dash", formats=(0, 4)),
        Style(weight=0.1, formats=(1, 2, 5, 6)),
        Style("yellow", weight=0.1, formats=(1, 2, 5, 6)),
        Style("black", "light grey", weight=0.02, kind="historic", formats=(0, 1)),
        Style("green", "orange", weight=0.02, kind="diplomatic", formats=(3,)),
    ),
)
