"""Uruguay: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "UY",
    "Uruguay",
    "South America",
    (Format("LLL NNNN"),),
    size_mm=(400, 130),
    styles=(
        Style(header="URUGUAY", header_ground="blue", font="fe"),
        Style(weight=0.5, header="URUGUAY", font="plate"),
    ),
)
