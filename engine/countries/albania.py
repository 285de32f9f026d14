"""Albania: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "AL",
    "Albania",
    "Europe",
    (
        Format("LL NNN LL", note="since 2011"),
        Format("LL NNNN L", 0.1, note="until 2011"),
        Format("LL/NNN LL", 0.05, note="two rows"),
    ),
    styles=(
        Style(band="AL", band_colour="blue", right_band=True, formats=(0, 2)),
        Style(weight=0.1, formats=(1,)),
    ),
)
