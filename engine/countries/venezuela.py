"""Venezuela: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "VE",
    "Venezuela",
    "South America",
    (
        Format("LLNNNLL", note="since 2008"),
        Format("LLL NNL", 0.2, note="until 2008"),
    ),
    size_mm=(300, 150),
)
