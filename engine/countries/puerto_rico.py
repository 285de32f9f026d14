"""Puerto Rico: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "PR",
    "Puerto Rico",
    "North America",
    (Format("LLL-NNN"),),
    size_mm=(305, 152),
    styles=(Style(font="us", ink="dark blue", header="PUERTO RICO", footer="ISLA DEL ENCANTO"),),
)
