"""Myanmar: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "MM",
    "Myanmar",
    "Asia",
    (Format("[1-9]L-NNNN"),),
    styles=(
        Style("black", "white", header="YGN|MDY|NPW|SHN|BGO", separator="dash"),
        Style("red", "white", weight=0.3, kind="taxi", header="YGN|MDY|NPW", separator="dash"),
        Style("blue", "white", weight=0.03, kind="special", header="YGN|MDY", separator="dash"),
    ),
)
