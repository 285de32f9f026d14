"""Chile: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "CL",
    "Chile",
    "South America",
    (
        Format("LLLL-NN", note="since 2007"),
        Format("[A-Z][A-Z]-NNNN", 0.4, note="until 2007"),
        Format("LLL-NN", 0.2, note="motorcycles"),
    ),
    letters="BCDFGHJKLPRSTVWXYZ",
    size_mm=(360, 130),
    styles=(
        Style(footer="CHILE", separator="emblem"),
        Style(weight=0.05, ink="green", kind="electric", footer="CHILE", separator="emblem", formats=(0,)),
    ),
)
