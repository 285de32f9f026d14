"""Spain: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "ES",
    "Spain",
    "Europe",
    (
        Format("NNNN LLL", note="since 2000"),
        Format("@-NNNN-[A-PR-Z]{1,2}", 0.1, note="until 2000, with the province"),
        Format("NNNN/LLL", 0.1, note="two rows"),
        Format("[EHPSV] NNNN LLL", 0.05, note="machines, historic and temporary"),
        Format("R NNNN LLL", 0.05, note="trailers"),
        Format("C NNNN LLL", 0.05, note="mopeds"),
    ),
    letters="BCDFGHJKLMNPRSTVWXYZ",
    codes=(
        "A AB AL AV B BA BI BU C CA CC CE CO CR CS CU GC GE GI GR GU H HU IB J L LE LO LU M MA ML MU NA O OR "
        "OU P PM PO S SA SE SG SO SS T TE TF TO V VA VI Z ZA"
    ),
    styles=(
        Style(band="E", band_colour="blue", formats=(0, 2)),
        Style(weight=0.1, separator="dash", formats=(1,)),
        Style("blue", "white", weight=0.1, kind="taxi", band="E", band_colour="blue", formats=(0,)),
        Style(weight=0.05, formats=(3,)),
        Style("red", weight=0.05, kind="trailer", formats=(4,)),
        Style("yellow", weight=0.05, formats=(5,)),
    ),
)
