"""Jordan: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "JO",
    "Jordan",
    "Middle East",
    (
        Format("[1-9]N-N{1,5}"),
        Format("[1-9]-N{1,5}", 0.1),
    ),
    styles=(Style(header="JORDAN الأردن", separator="dash"),),
)
