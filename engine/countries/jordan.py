"""Jordan: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "JO",
    "Jordan",
    "Middle East",
    (
        Format("[1-9]N-N{1,5}"),
        Format("[1-9]-N{1,5}", 0.1),
    ),
)
