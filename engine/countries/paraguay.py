"""Paraguay: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "PY",
    "Paraguay",
    "South America",
    (
        Format("LLLL NNN", note="Mercosur, since 2019"),
        Format("LLL NNN", 0.8, note="until 2019"),
    ),
    size_mm=(400, 130),
)
