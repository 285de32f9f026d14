"""Chile: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "CL",
    "Chile",
    "South America",
    (
        Format("LLLL-NN", note="since 2007"),
        Format("[A-Z][A-Z]-NNNN", 0.4, note="until 2007"),
    ),
    letters="BCDFGHJKLPRSTVWXYZ",
    size_mm=(360, 130),
)
