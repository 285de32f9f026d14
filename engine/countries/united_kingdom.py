"""United Kingdom: its plates' formats."""

from engine.countries import Country, Format

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
    ),
    letters="ABCDEFGHIJKLMNOPRSTUVWXYZ",
    size_mm=(520, 111),
)
