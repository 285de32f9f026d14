"""Dominican Republic: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "DO",
    "Dominican Republic",
    "North America",
    (
        Format("LNNNNNN"),
        Format("KNNNNNNN", 0.2, note="motorcycles"),
    ),
    size_mm=(305, 152),
    styles=(Style(ink="dark blue", header="REPUBLICA DOMINICANA"),),
)
