"""United Arab Emirates: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "AE",
    "United Arab Emirates",
    "Middle East",
    (
        Format("L{1,2} [1-9]N{0,4}"),
        Format("[1-9]N{0,1} [1-9]N{0,4}", 0.5, note="Abu Dhabi, Sharjah"),
    ),
)
