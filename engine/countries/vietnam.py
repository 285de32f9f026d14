"""Vietnam: its plates' formats and looks; the first number is the province, 11 to 99."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "VN",
    "Vietnam",
    "Asia",
    (
        Format("[1-9]NL-NNN.NN"),
        Format("[1-9]NL-NNNN", 0.3, note="until 2010"),
        Format("[1-9]NLL-NNN.NN", 0.1, note="companies, diplomats, motorcycles"),
        Format("[1-9]NLL-NNNN", 0.05, note="companies, earlier"),
        Format("LL-NN-NN", 0.05, note="army"),
        Format("[1-9]N-L[1-9]/NNNN(N)", 0.5, note="motorcycles"),
        Format("[1-9]NL/NNN.NN", 0.5, note="two rows"),
        Format("[1-9]NL/NNNN", 0.2, note="two rows, until 2010"),
    ),
    letters="ABCDEFGHKLMNPRSTUVXYZ",
    styles=(
        Style(formats=(0, 1, 2, 3, 5, 6, 7)),
        Style("yellow", weight=0.2, kind="commercial", formats=(0, 1, 2)),
        Style("blue", "white", weight=0.1, kind="official", formats=(0, 1, 2, 3, 5)),
        Style("red", "white", weight=0.05, kind="military", formats=(4,)),
    ),
)
