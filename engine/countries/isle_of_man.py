"""Isle of Man: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "IM",
    "Isle of Man",
    "Europe",
    (
        Format("LM[N] [1-9]N{0,2} L", note="since 1987"),
        Format("[1-9]N{0,3} MA[N]", 0.1, note="1985 to 1987, and of 1964"),
        Format("MA[N] [1-9]N{0,3}", 0.2, note="1983 to 1985, and of 1935"),
        Format("L [1-9]N{0,2} MA[N]", 0.1, note="1979 to 1983"),
        Format("MA[N] [1-9]N{0,2} L", 0.1, note="1974 to 1979"),
        Format("M[N] [1-9]N{0,3}", 0.2, note="until 1974"),
        Format("[1-9]N{0,3} M[N]", 0.1, note="1959 to 1964"),
        Format("[1-9]N{0,2} LM[N]", 0.1, note="1964 to 1971"),
    ),
    letters="ABCDEFGHJKLMNOPRTUVWXY",
    size_mm=(520, 111),
    styles=(
        Style(band="GBM", band_colour="red", font="uk"),
        Style("yellow", band="GBM", band_colour="red", font="uk"),
    ),
)
