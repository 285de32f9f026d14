"""Kenya: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "KE",
    "Kenya",
    "Africa",
    (
        Format("KLL NNNL"),
        Format("KLL NNN", 0.2, note="until 2007"),
        Format("KMLL NNNL", 0.3, note="motorcycles"),
        Format("GKL NNNL", 0.05, note="government"),
        Format("ZL NNNN", 0.1, note="trailers"),
    ),
    letters="ABCDEFGHJKLMNPQRSTUVWXYZ",
    styles=(
        Style(font="uk"),
        Style("yellow", font="uk"),
    ),
)
