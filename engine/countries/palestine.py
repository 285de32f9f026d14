"""Palestine: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "PS",
    "Palestine",
    "Middle East",
    (
        Format("[1-9]-NNNN-[0-9]N"),
        Format("[1-9]-NNNN-L", 0.5, note="since 2018"),
    ),
    styles=(Style(ink="green", band="P", separator="dash"),),
)
