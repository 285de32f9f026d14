"""Guatemala: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "GT",
    "Guatemala",
    "North America",
    (Format("[PCAMOTU]-NNNLLL"),),
    size_mm=(305, 152),
)
