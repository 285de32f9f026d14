"""Kenya: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "KE",
    "Kenya",
    "Africa",
    (
        Format("KLL NNNL"),
        Format("KLL NNN", 0.2, note="until 2007"),
    ),
    letters="ABCDEFGHJKLMNPQRSTUVWXYZ",
    styles=(
        Style(font="uk"),
        Style("yellow", font="uk"),
    ),
)
