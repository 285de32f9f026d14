"""Sri Lanka: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "LK",
    "Sri Lanka",
    "Asia",
    (
        Format("<CP,EP,NC,NE,NP,NW,SG,SP,UP,WP> LL(L)-NNNN"),
        Format("LL(L)-NNNN", 0.4, note="without the province"),
        Format("NN(N)-NNNN", 0.1, note="until 2000"),
    ),
)
