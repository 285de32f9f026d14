"""Netherlands: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "NL",
    "Netherlands",
    "Europe",
    (
        Format("L-NNN-LL"),
        Format("LL-NNN-L"),
        Format("N-LLL-NN"),
        Format("NN-LLL-N"),
        Format("NN-LL-LL", 0.7),
        Format("LL-LL-NN", 0.3),
        Format("LLL-NN-L", 0.3),
        Format("L-NN-LLL", 0.3),
        Format("N-LL-NNN", 0.1),
        Format("NNN-LL-N", 0.1),
        Format("LL-NN-LL", 0.2),
        Format("NN-LL-NN", 0.03),
        Format("LL-NN-NN", 0.03),
        Format("NN-NN-LL", 0.03),
        Format("NN-LL/LL", 0.05, note="two rows"),
        Format("LL-NN/LL", 0.05, note="two rows"),
        Format("NN-LLL/N", 0.05, note="two rows"),
    ),
    letters="BDFGHJKLMNPRSTVWXZ",
    styles=(
        Style("yellow", band="NL", band_colour="blue", separator="dash"),
        Style("light blue", weight=0.05, kind="taxi", band="NL", band_colour="blue", separator="dash", formats=(0, 1, 2, 3, 4)),
        Style("dark blue", "white", weight=0.03, kind="historic", separator="dash", formats=(11, 12, 13)),
        Style(weight=0.03, kind="trailer", band="NL", band_colour="blue", separator="dash", formats=(0, 1, 2, 3, 4)),
    ),
)
