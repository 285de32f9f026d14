"""Algeria: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "DZ",
    "Algeria",
    "Africa",
    (Format("NNNNN(N) NNN NN"),),
    styles=(
        Style(),
        Style("yellow"),
    ),
)
