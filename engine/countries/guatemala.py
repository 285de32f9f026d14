"""Guatemala: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "GT",
    "Guatemala",
    "North America",
    (
        Format("P-NNNLLL"),
        Format("C-NNNLLL", 0.3, note="lorries"),
        Format("M-NNNLLL", 0.3, note="motorcycles"),
        Format("O-NNNLLL", 0.05, note="government"),
        Format("[ATU]-NNNLLL", 0.1, note="others"),
        Format("<TC,CD,CC,MI>-NNNLLL", 0.05, note="trailers, diplomats"),
    ),
    size_mm=(305, 152),
    styles=(
        Style(ink="blue", header="GUATEMALA", footer="CENTRO AMERICA", formats=(0,)),
        Style(weight=0.3, ink="blue", kind="commercial", header="GUATEMALA", footer="CENTRO AMERICA", formats=(1,)),
        Style(weight=0.3, ink="blue", kind="motorcycle", header="GUATEMALA", footer="CENTRO AMERICA", formats=(2,)),
        Style(weight=0.05, ink="blue", kind="official", header="GUATEMALA", footer="CENTRO AMERICA", formats=(3,)),
        Style(weight=0.05, ink="blue", header="GUATEMALA", footer="CENTRO AMERICA", formats=(4, 5)),
    ),
)
