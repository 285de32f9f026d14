"""Qatar: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "QA",
    "Qatar",
    "Middle East",
    (
        Format("[1-9]N{4,5}"),
        Format("[1-9]N{2,3}", 0.1),
    ),
    styles=(Style(band="QATAR", band_colour="dark red"),),
)
