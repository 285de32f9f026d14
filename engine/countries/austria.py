"""Austria: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "AT",
    "Austria",
    "Europe",
    (
        Format("L{1,2} N{1,5} L{1,3}"),
        Format("L{1,2} L{1,5} N{1,4}", 0.2, note="chosen text"),
    ),
)
