"""Honduras: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "HN",
    "Honduras",
    "North America",
    (Format("LLL NNNN"),),
    size_mm=(305, 152),
    styles=(Style(ink="blue", header="HONDURAS", footer="CENTROAMERICA|CENTRO AMERICA"),),
)
