"""Moldova: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "MD",
    "Moldova",
    "Europe",
    (
        Format("LLL NNN", note="since 2015"),
        Format("L(L) LL NNN", 0.3, note="until 2015, with the district"),
    ),
    styles=(
        Style(band="MD", band_colour="blue", font="fe", formats=(0,)),
        Style(weight=0.3, band="MD", formats=(1,)),
    ),
)
