"""Portugal: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "PT",
    "Portugal",
    "Europe",
    (
        Format("LL-NN-LL", note="since 2020"),
        Format("NN-LL-NN", note="2005 to 2020"),
        Format("NN-NN-LL", 0.7, note="1992 to 2005"),
        Format("LL-NN-NN", 0.1, note="until 1992"),
    ),
    letters="ABCDEFGHIJLMNOPQRSTUVXZ",
)
