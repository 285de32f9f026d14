"""Costa Rica: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "CR",
    "Costa Rica",
    "North America",
    (
        Format("LLL-NNN"),
        Format("NNNNNN", 0.3),
        Format("<C,CL> N{5,6}", 0.3, note="lorries"),
        Format("MOT NNNNNN", 0.2, note="motorcycles"),
    ),
    size_mm=(305, 152),
    styles=(Style(ink="dark blue", header="COSTA RICA", footer="CENTROAMERICA", separator="dash"),),
)
