"""Sri Lanka: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "LK",
    "Sri Lanka",
    "Asia",
    (
        Format("<CP,EP,NC,NE,NP,NW,SG,SP,UP,WP> LL(L)-NNNN"),
        Format("LL(L)-NNNN", 0.4, note="without the province"),
        Format("NN(N)-NNNN", 0.1, note="until 2000"),
    ),
    styles=(
        Style(separator="dash"),
        Style("yellow", separator="dash"),
    ),
)
