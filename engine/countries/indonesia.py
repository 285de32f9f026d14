"""Indonesia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "ID",
    "Indonesia",
    "Asia",
    (Format("L{1,2} [1-9]N{0,3} L{1,3}"),),
    size_mm=(430, 135),
    styles=(
        Style("black", "white", footer="01.27|06.26|11.25|09.28|03.24"),
        Style(weight=0.7, footer="01.28|06.27|11.29|09.30|03.28"),
        Style("yellow", weight=0.2, kind="commercial", footer="01.28|06.27|11.29|09.26|03.28"),
        Style("red", "white", weight=0.1, kind="official", footer="01.28|06.27|11.29|09.26|03.28"),
    ),
)
