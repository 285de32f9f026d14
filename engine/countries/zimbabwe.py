"""Zimbabwe: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "ZW",
    "Zimbabwe",
    "Africa",
    (Format("LLL NNNN"),),
    styles=(Style("yellow", font="fe"),),
)
