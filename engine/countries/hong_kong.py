"""Hong Kong: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "HK",
    "Hong Kong",
    "Asia",
    (
        Format("LL [1-9]N{0,3}"),
        Format("[1-9]N{0,3}", 0.02, note="without letters"),
    ),
    letters="ABCDEFGHJKLMNPRSTUVWXYZ",
    styles=(
        Style(font="uk"),
        Style("yellow", font="uk"),
    ),
)
