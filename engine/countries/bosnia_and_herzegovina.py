"""Bosnia and Herzegovina: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "BA",
    "Bosnia and Herzegovina",
    "Europe",
    (
        Format("LNN-L-NNN"),
        Format("TA-NNNNNN", 0.05, note="taxis"),
    ),
    letters="AEJKMOT",
    styles=(
        Style(band="BIH", band_colour="blue", separator="dash", formats=(0,)),
        Style(weight=0.05, kind="taxi", band="BIH", band_colour="blue", separator="dash", formats=(1,)),
    ),
)
