"""Tunisia: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "TN",
    "Tunisia",
    "Africa",
    (
        Format("[1-9]N{0,2} T N{1,4}", note="T stands for the Arabic word Tunis"),
        Format("N{4,6} N", 0.02),
    ),
)
