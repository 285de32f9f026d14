"""Bolivia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "BO",
    "Bolivia",
    "South America",
    (Format("NNN(N) LLL"),),
    size_mm=(300, 150),
    styles=(Style(ink="blue", header="BOLIVIA"),),
)
