"""Belgium: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "BE",
    "Belgium",
    "Europe",
    (
        Format("[1-9]-LLL-NNN", note="since 2010"),
        Format("LLL-NNN", 0.2, note="1973 to 2008"),
        Format("NNN-LLL", 0.1, note="2008 to 2010"),
    ),
)
