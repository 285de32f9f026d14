"""El Salvador: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "SV",
    "El Salvador",
    "North America",
    (
        Format("PN{3}-NNN"),
        Format("PN{2,5}", 0.1),
        Format("[ACMN]N{2,6}", 0.2, note="for hire, lorries, motorcycles, national"),
    ),
    size_mm=(305, 152),
    styles=(Style(ink="dark blue", header="EL SALVADOR", footer="CENTRO AMERICA", separator="dash"),),
)
