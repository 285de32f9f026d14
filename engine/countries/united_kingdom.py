"""United Kingdom: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "GB",
    "United Kingdom",
    "Europe",
    (
        Format("[A-HJ-PR-Y][A-HJ-PR-Y]NN [A-HJ-PR-Z]{3}", note="since 2001"),
        Format("[A-HJ-NPR-Y][1-9]N{0,2} [A-PR-Z]{3}", 0.1, note="1983 to 2001"),
        Format("[A-PR-Z]{3} [1-9]N{0,2}[A-HJ-NPR-Y]", 0.05, note="1963 to 1983"),
        Format("(L)[A-Y]Z [1-9]N{0,3}", 0.1, note="Northern Ireland"),
        Format("(L)<DI,EI,IA,IB,IJ,IL,IW,JI,MI,OI,UI> [1-9]N{0,3}", 0.1, note="Northern Ireland"),
        Format("L{1,3} N{1,4}", 0.03, note="without a year"),
        Format("N{1,4} L{1,3}", 0.03, note="without a year"),
        Format("[A-HJ-PR-Y][A-HJ-PR-Y]NN/[A-HJ-PR-Z]{3}", 0.1, note="two rows"),
        Format("Q[1-9]N{0,2} [A-PR-Z]{3}", 0.02, note="of unknown age"),
        Format("[1-9]NN [DX] NNN", 0.02, note="diplomats"),
    ),
    letters="ABCDEFGHIJKLMNOPRSTUVWXYZ",
    size_mm=(520, 111),
    styles=(
        Style(font="uk"),
        Style("yellow", font="uk"),
        Style(weight=0.6, band="GB", band_colour="blue", font="uk", formats=(0,)),
        Style("yellow", weight=0.6, band="GB", band_colour="blue", font="uk", formats=(0,)),
        Style(weight=0.4, band="UK", band_colour="blue", font="uk", formats=(0,)),
        Style("yellow", weight=0.4, band="UK", band_colour="blue", font="uk", formats=(0,)),
        Style(weight=0.2, kind="electric", band="UK", band_colour="green", font="uk", formats=(0,)),
        Style("yellow", weight=0.2, kind="electric", band="UK", band_colour="green", font="uk", formats=(0,)),
        Style("black", "light grey", weight=0.05, kind="historic", font="uk", formats=(2, 5, 6)),
    ),
)
