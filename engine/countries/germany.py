"""Germany: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "DE",
    "Germany",
    "Europe",
    (
        Format("L{1,3} L{1,2} [1-9]N{0,3}"),
        Format("L{1,3} L{1,2} [1-9]N{0,2}[EH]", 0.2, note="electric, historic"),
    ),
)
