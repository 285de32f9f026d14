"""Qatar: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "QA",
    "Qatar",
    "Middle East",
    (
        Format("[1-9]N{4,5}"),
        Format("[1-9]N{2,3}", 0.1),
    ),
)
