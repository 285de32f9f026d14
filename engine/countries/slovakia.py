"""Slovakia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "SK",
    "Slovakia",
    "Europe",
    (
        Format("LL NNN-LL"),
        Format("LL/NNN LL", 0.1, note="two rows"),
    ),
    letters="ABCDEFGHIJKLMNOPRSTUVWXYZ",
    styles=(
        Style(band="SK", band_colour="blue", font="din", separator="emblem"),
        Style(
            weight=0.05, ink="green", kind="electric", band="SK", band_colour="blue", font="din", separator="emblem", formats=(0,)
        ),
    ),
)
