"""India: its plates' formats and looks; the first two letters are the state."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "IN",
    "India",
    "Asia",
    (
        Format("@ NN LL NNNN"),
        Format("@ NN L NNNN", 0.5),
        Format("@ NN LLL NNNN", 0.1),
        Format("@ N L{1,3} NNNN", 0.2, note="one-digit district; Delhi DL 3C"),
        Format("@ NN NNNN", 0.1, note="without a series"),
        Format("@ NN L{1,2}/NNNN", 0.3, note="two rows"),
        Format("[2-3]N BH NNNN L{1,2}", 0.05, note="Bharat series"),
    ),
    letters="ABCDEFGHJKLMNPQRSTUVWXYZ",
    codes=(
        "AN AP AR AS BR CG CH DD DL DN GA GJ HP HR JH JK KA KL LA LD MH ML MN MP MZ NL OD OR PB PY RJ SK TN TR TS TG UA UK UP WB"
    ),
    size_mm=(500, 120),
    styles=(
        Style(band="IND", separator="hologram"),
        Style(font="plate"),
        Style("yellow", weight=0.4, kind="commercial", band="IND", separator="hologram", formats=(0, 1, 2, 3, 4, 5)),
        Style("black", "yellow", weight=0.05, kind="rental", formats=(0, 1, 3, 5)),
        Style("green", "white", weight=0.1, kind="electric", band="IND", formats=(0, 1, 2, 3)),
        Style("green", "yellow", weight=0.05, kind="electric", band="IND", formats=(0, 1, 2, 3)),
    ),
)
