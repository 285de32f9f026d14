"""Chile: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "CL",
    "Chile",
    "South America",
    (
        Format("LLLL-NN", note="since 2007"),
        Format("[A-Z][A-Z]-NNNN", 0.4, note="until 2007"),
        Format("LLLLL-N", 0.1, note="decreed in 2026, once the others are used up"),
    ),
    letters="BCDFGHJKLPRSTVWXYZ",
    size_mm=(360, 130),
    styles=(
        Style(footer="CHILE", separator="emblem"),
        Style(weight=0.05, ink="green", kind="electric", footer="CHILE", separator="emblem", formats=(0,)),
    ),
)
