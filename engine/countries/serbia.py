"""Serbia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "RS",
    "Serbia",
    "Europe",
    (
        Format("LL NNN(N)-LL"),
        Format("LL NNN(N)-TX", 0.05, note="taxis"),
    ),
    styles=(
        Style(band="SRB", band_colour="blue", separator="emblem", formats=(0,)),
        Style(weight=0.05, kind="taxi", band="SRB", band_colour="blue", separator="emblem", formats=(1,)),
    ),
)
