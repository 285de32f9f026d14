"""Trinidad and Tobago: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "TT",
    "Trinidad and Tobago",
    "North America",
    (
        Format("P[A-Z]{2} [1-9]N{0,3}"),
        Format("H[A-Z]{1,2} [1-9]N{0,3}", 0.1, note="for hire"),
        Format("T[A-Z]{2} [1-9]N{0,3}", 0.2, note="goods"),
        Format("R[A-Z]{2} [1-9]N{0,3}", 0.1, note="rental"),
    ),
    styles=(
        Style("black", "white", font="uk", formats=(0,)),
        Style("black", "white", weight=0.1, kind="taxi", font="uk", formats=(1,)),
        Style("black", "white", weight=0.2, kind="commercial", font="uk", formats=(2,)),
        Style("black", "white", weight=0.1, kind="rental", font="uk", formats=(3,)),
    ),
)
