"""Kazakhstan: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "KZ",
    "Kazakhstan",
    "Asia",
    (
        Format("NNN LLL [0-2]N", note="since 2012, with the region"),
        Format("NNN LL [0-2]N", 0.3, note="since 2012, companies"),
        Format("L NNN LL(L)", 0.2, note="until 2012"),
        Format("NNN/LLL [0-2]N", 0.1, note="two rows"),
    ),
    styles=(
        Style(band="KZ", formats=(0, 1, 3)),
        Style(weight=0.2, formats=(2,)),
    ),
)
