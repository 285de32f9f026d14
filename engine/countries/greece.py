"""Greece: its plates' formats and looks; only letters that Greek and Latin share."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "GR",
    "Greece",
    "Europe",
    (
        Format("LLL-NNNN"),
        Format("LLL/NNN", 0.1, note="motorcycles"),
    ),
    letters="ABEZHIKMNOPTYX",
    styles=(
        Style(band="GR", band_colour="blue", separator="dash"),
        Style(weight=0.2, separator="dash", formats=(0,)),
    ),
)
